//go:build !amd64

package its

// hasMultiply says that there is no [multiply] for this processor.
const hasMultiply = false

func multiply(*product, *Element, *Element, int) { panic("its: multiply without the instruction") }
