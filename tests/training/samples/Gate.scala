class Gate {
  /** Opens the gate with the given key. */
  def openGate(key: Int): Int = {
    val h = hinge
    val t = turn(h, key)
    t
  }
}
