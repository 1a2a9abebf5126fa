import "sort"

func JoinShifts(shifts [][]int) [][]int {
	sort.Slice(shifts, func(i, j int) bool {
		a, b := shifts[i], shifts[j]
		return a[0] < b[0] || a[0] == b[0] && a[1] < b[1]
	})
	var joined [][]int
	for _, shift := range shifts {
		if n := len(joined); n > 0 && shift[0] < joined[n-1][1] {
			if shift[1] > joined[n-1][1] {
				joined[n-1][1] = shift[1]
			}
		} else {
			joined = append(joined, []int{shift[0], shift[1]})
		}
	}
	return joined
}
