// Per-level functions for lanes_test.cpp: result number r of lane i goes to out[r * 16 + i].
template <class T> PLEAT_TARGET void lanes_all(const T* a, const T* b, const T* c, const T* whole, T* out) {
  using L = Lanes<T>;
  for (Index i = 0; i < 16; i += L::size) {
    const L x = L::load(a + i), y = L::load(b + i), z = L::load(c + i), n = L::load(whole + i);
    (x + y).store(out + i);
    (x - y).store(out + 16 + i);
    (x * y).store(out + 32 + i);
    (x / y).store(out + 48 + i);
    (-x).store(out + 64 + i);
    fma(x, y, z).store(out + 80 + i);
    larger(x, y).store(out + 96 + i);
    smaller(x, y).store(out + 112 + i);
    absolute(x).store(out + 128 + i);
    square_root(absolute(x)).store(out + 144 + i);
    nearest(x).store(out + 160 + i);
    select(less(x, y), L::set(1), L::set(2)).store(out + 176 + i);
    select(equal(x, x), x, z).store(out + 192 + i);
    copy_sign(x, y).store(out + 208 + i);
    scale(x, n).store(out + 224 + i);
  }
}
template <class T> PLEAT_TARGET void lanes_first(const T* a, Index n, T* out, T* reduced) {
  using L = Lanes<T>;
  const L x = L::load_first(a, n);
  x.store(out);
  (x + L::set(1)).store_first(out + 16, n);
  reduced[0] = sum_of(x);
  reduced[1] = largest_of(x);
}
template <class T> PLEAT_TARGET Index lanes_size(T) { return Lanes<T>::size; }
