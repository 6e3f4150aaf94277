#include "textflag.h"

// func multiply(p *product, a, b *Element, n int)
//
// X0 is a[i] and X1 is b[i]; in memory, and so in a register, hi comes before lo. The sums are in
// X5 (in the middle), X6 (the high half of p) and X7 (the low half).
TEXT ·multiply(SB), NOSPLIT, $0-32
	MOVQ p+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DX
	MOVQ n+24(FP), CX
	PXOR X5, X5
	MOVOU (DI), X7
	MOVOU 16(DI), X6

next:
	MOVOU (SI), X0
	MOVQ (DX), X1           // it has often just been written, in halves;
	MOVHPS 8(DX), X1        // loading both at once would wait for that
	MOVOU X0, X2
	MOVOU X0, X3
	MOVOU X0, X4
	PCLMULQDQ $0x00, X1, X2 // X2 = a.hi b.hi
	PCLMULQDQ $0x11, X1, X3 // X3 = a.lo b.lo
	PCLMULQDQ $0x01, X1, X4 // X4 = a.lo b.hi
	PCLMULQDQ $0x10, X1, X0 // X0 = a.hi b.lo
	PXOR X2, X6
	PXOR X3, X7
	PXOR X4, X5
	PXOR X0, X5
	ADDQ $16, SI
	ADDQ $16, DX
	DECQ CX
	JNZ next
	MOVOU X5, X4
	PSLLDQ $8, X4
	PSRLDQ $8, X5
	PXOR X4, X7
	PXOR X5, X6
	MOVOU X7, (DI)
	MOVOU X6, 16(DI)
	RET
