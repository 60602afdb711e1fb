#pragma once
// The yardstick of product_bench.cpp: Eigen's products, compiled apart with -O3 -march=native -fopenmp.

enum class Form { Forward, InputGradient, WeightGradient };

/// Best seconds of `repeats` for y = x w^T, dx = y w or dw = y^T x with x (m, k), w (n, k), float.
double eigen_seconds(Form form, int threads, long m, long n, long k, int repeats);
