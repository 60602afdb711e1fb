// Nothing: the precompiled headers of the tests belong to this file (CMakeLists.txt).
