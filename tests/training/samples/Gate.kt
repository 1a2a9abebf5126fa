class Gate {
  /** Opens the gate with the given key. */
  fun openGate(key: Int): Int {
    val h = hinge
    val t = turn(h, key)
    return t
  }
}
