pub fn join_shifts(shifts: &[Vec<i64>]) -> Vec<Vec<i64>> {
    let mut ordered = shifts.to_vec();
    ordered.sort();
    let mut joined: Vec<Vec<i64>> = Vec::new();
    for shift in ordered {
        match joined.last_mut() {
            Some(last) if shift[0] < last[1] => last[1] = last[1].max(shift[1]),
            _ => joined.push(shift),
        }
    }
    joined
}
