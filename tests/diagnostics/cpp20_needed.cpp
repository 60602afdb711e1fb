// expect: pleat needs C++20
#ifndef PLEAT_GOOD
#undef __cplusplus
#define __cplusplus 201703L
#endif
#include <pleat/version.hpp>
int main() {}
