class Gate {
  /**
   * Opens the {@link gate} with the given key.
   * @param key what opens it
   */
  @Override
  public int openGate(int key) {
    int h = hinge;
    int t = turn(h, key);
    return t;
  }
}
