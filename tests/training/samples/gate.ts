export class Gate {
  /** Opens the gate with the given key. */
  async openGate(key: number) {
    const h = this.hinge;
    const t = turn(h, key);
    return t;
  }
}
