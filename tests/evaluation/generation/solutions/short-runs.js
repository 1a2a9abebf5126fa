const writeRuns = (text) =>
  text.replace(/(.)\1{0,8}/g, (run, letter) => letter + (run.length > 1 ? run.length : ""));
module.exports = { writeRuns };
