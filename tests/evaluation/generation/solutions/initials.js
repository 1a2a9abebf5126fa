function countByInitial(words, shortest) {
  const counts = new Map();
  for (const word of words.filter((each) => each && each.length >= shortest)) {
    const letter = word[0].toLowerCase();
    counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  return counts;
}
