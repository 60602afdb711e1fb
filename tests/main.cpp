// One entry point for every family of tests; the cases are in tests/<family>/.
#define BOOST_TEST_MODULE pleat
#include <boost/test/unit_test.hpp>
