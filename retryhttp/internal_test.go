package retryhttp

import "unsafe"

// within reports whether two strings share memory.
func within(piece, whole string) bool {
	p, w := uintptr(unsafe.Pointer(unsafe.StringData(piece))), uintptr(unsafe.Pointer(unsafe.StringData(whole)))
	return w <= p && p < w+uintptr(len(whole))
}
