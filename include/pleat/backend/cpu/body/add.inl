/// \file  Bodies of sums over flat arrays of whole rows.

template <class T> PLEAT_TARGET inline void add_forward(const add_op::Forward<T>& a, Index begin, Index end) {
  if (a.b == nullptr) {
    for (Index i = begin; i < end; i += Lanes<T>::size) Lanes<T>::load(a.a + i).store(a.y + i);
    return;
  }
  for (Index i = begin; i < end; i += Lanes<T>::size) (Lanes<T>::load(a.a + i) + Lanes<T>::load(a.b + i)).store(a.y + i);
}
