#include "textflag.h"

// func multiply(p *product, a, b *Element)
//
// X0 is a and X1 is b; in memory, and so in a register, hi comes before lo.
TEXT ·multiply(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DX
	MOVOU (SI), X0
	MOVOU (DX), X1
	MOVOU X0, X2
	MOVOU X0, X3
	MOVOU X0, X4
	PCLMULQDQ $0x00, X1, X2 // X2 = a.hi b.hi
	PCLMULQDQ $0x11, X1, X3 // X3 = a.lo b.lo
	PCLMULQDQ $0x01, X1, X4 // X4 = a.lo b.hi
	PCLMULQDQ $0x10, X1, X0 // X0 = a.hi b.lo
	PXOR X4, X0             // which belong in the middle
	MOVOU X0, X4
	PSLLDQ $8, X4
	PSRLDQ $8, X0
	PXOR X4, X3
	PXOR X0, X2
	MOVOU (DI), X4
	MOVOU 16(DI), X5
	PXOR X4, X3
	PXOR X5, X2
	MOVOU X3, (DI)
	MOVOU X2, 16(DI)
	RET
