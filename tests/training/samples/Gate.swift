class Gate {
  /// Opens the gate with the given key.
  func openGate(key: Int) -> Int {
    let h = hinge
    let t = turn(h, key)
    return t
  }
}
