/* Opens the gate with the given key. */
static int open_gate(int key)
{
  int h = hinge;
  int t = turn(h, key);
  return t;
}
