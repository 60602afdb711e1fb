// The entry point of the test programs of a GPU bundle. Boost.Test is compiled in: a bundle needs no library of it.
#define BOOST_TEST_MODULE pleat
#include <boost/test/included/unit_test.hpp>
