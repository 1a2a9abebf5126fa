package main

import (
	"fmt"
	"strings"
)

func WriteRuns(text string) string {
	var out strings.Builder
	for at := 0; at < len(text); {
		end := at
		for end < len(text) && text[end] == text[at] && end-at < 9 {
			end++
		}
		out.WriteByte(text[at])
		if end-at > 1 {
			fmt.Fprint(&out, end-at)
		}
		at = end
	}
	return out.String()
}
