# Opens the gate with the given key.
open_gate() {
  local h=$hinge
  turn $h $1
  echo $h
}
