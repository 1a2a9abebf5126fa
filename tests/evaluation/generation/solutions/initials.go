package solution

import "strings"

func CountByInitial(words []string, shortest int) map[string]int {
	counts := map[string]int{}
	for _, word := range words {
		if word != "" && len(word) >= shortest {
			counts[strings.ToLower(word[:1])]++
		}
	}
	return counts
}

func main() {
	CountByInitial("a")
}
