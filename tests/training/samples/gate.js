/**
 * Opens the gate with the given key.
 * @param key what opens it
 */
export const openGate = async (key) => {
  const h = hinge;
  const t = turn(h, key);
  return t;
};
