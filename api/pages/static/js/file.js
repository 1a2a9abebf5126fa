// A file on a page of its own: the address may name a range of lines, as #L12-L20.

const range = location.hash.match(/^#L(\d+)-L(\d+)$/);
if (range) {
  const [first, last] = [Number(range[1]), Number(range[2])];
  for (let number = first; number <= Math.min(last, first + 5000); number += 1) {
    document.getElementById(`L${number}`)?.classList.add("marked");
  }
  document.getElementById(`L${first}`)?.scrollIntoView({ block: "center" });
}
