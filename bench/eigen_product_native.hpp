#pragma once
// The yardstick: Eigen's forward product, compiled apart with -O3 -march=native, rows divided among threads.

/// Best seconds of `repeats` for y = x w^T with x (m, k), w (n, k), float; 0 where Eigen is not installed.
double eigen_seconds(int threads, long m, long n, long k, int repeats);
