namespace garden {
/*!
 * \brief Opens the gate with the given key.
 */
template <class K>
int Gate<K>::openGate(K key)
{
  int h = hinge;
  int t = turn(h, key);
  return t;
}
}
