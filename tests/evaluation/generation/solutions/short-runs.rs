pub fn write_runs(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < letters.len() {
        let run = letters[at..].iter().take(9).take_while(|letter| **letter == letters[at]).count();
        out.push(letters[at]);
        if run > 1 {
            out += &run.to_string();
        }
        at += run;
    }
    out
}
