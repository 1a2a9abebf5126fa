class Gate {
  /// <summary>
  /// Opens the gate with the given key.
  /// </summary>
  [Pure]
  public int OpenGate(int key)
  {
    var h = hinge;
    var t = Turn(h, key);
    return t;
  }
}
