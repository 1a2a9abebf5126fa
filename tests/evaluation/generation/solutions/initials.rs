use std::collections::HashMap;

fn count_by_initial(words: &[String], shortest: i64) -> HashMap<String, i64> {
    let mut counts = HashMap::new();
    for word in words.iter().filter(|word| !word.is_empty() && word.len() as i64 >= shortest) {
        *counts.entry(word[..1].to_lowercase()).or_insert(0) += 1;
    }
    counts
}

fn main() {
    println!("{:?}", count_by_initial(["a", "b"], 1));
}
