package main

// parse takes `00-TRACE-PARENT-FLAGS` apart: 32, 16 and 2 lower-case hexadecimal digits, neither id all zeros.
func parse(header string) (trace, flags string, valid bool) {
	if len(header) != 55 || header[:3] != "00-" || header[35] != '-' || header[52] != '-' {
		return "", "", false
	}
	trace, flags = header[3:35], header[53:]
	parent := header[36:52]
	valid = hexadecimal(trace+parent+flags) && !zeros(trace) && !zeros(parent)
	return trace, flags, valid
}

func hexadecimal(text string) bool {
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func zeros(text string) bool {
	for _, c := range []byte(text) {
		if c != '0' {
			return false
		}
	}
	return true
}
