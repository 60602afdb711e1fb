#include <boost/test/unit_test.hpp>
#include <pleat/io/npy.hpp>
#include <string>
#include <unistd.h>
#include <vector>

namespace {
std::string scratch(const char* name) { return "npy_test_" + std::to_string(::getpid()) + "_" + name; }
} // namespace

BOOST_AUTO_TEST_SUITE(npy)

BOOST_AUTO_TEST_CASE(streams_and_reads) {
  const std::string path = scratch("a.npy");
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  {
    pleat::NpyWriter file(path, 3);
    file.write(values.data(), 2);
    file.write(values.data() + 2, 4);
    file.finish();
  }
  const pleat::NpyArray array = pleat::read_npy(path);
  BOOST_TEST(array.shape == (std::vector<pleat::Index>{2, 3}), boost::test_tools::per_element());
  BOOST_TEST(array.values == values, boost::test_tools::per_element());
  BOOST_TEST(pleat::MappedFile(path).size() == 128 + 24);
  BOOST_TEST(pleat::MappedFile(path).text().substr(10, 58) == "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), ");
  {
    pleat::NpyWriter file(path, 0);
    file.write(values.data(), 6);
    file.finish();
  }
  BOOST_TEST(pleat::read_npy(path).shape == (std::vector<pleat::Index>{6}), boost::test_tools::per_element());
  {
    pleat::NpyWriter file(path, 4);
    file.finish();
  }
  BOOST_TEST(pleat::read_npy(path).shape == (std::vector<pleat::Index>{0, 4}), boost::test_tools::per_element());
  ::unlink(path.c_str());
}

BOOST_AUTO_TEST_CASE(bad_arrays) {
  const std::string path = scratch("b.npy");
  {
    pleat::NpyWriter file(path, 4);
    const float one = 1;
    file.write(&one, 1);
    BOOST_CHECK_THROW(file.finish(), pleat::Error);
  }
  BOOST_TEST(::access(path.c_str(), F_OK) != 0);
  pleat::atomic_write(path, "not an array");
  BOOST_CHECK_THROW(pleat::read_npy(path), pleat::Error);
  const std::string head = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  pleat::atomic_write(path, std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(head.size()) + std::string(1, '\0') + head +
                                "four");
  BOOST_CHECK_THROW(pleat::read_npy(path), pleat::Error); // too little data
  ::unlink(path.c_str());
  if (::access("/dev/full", W_OK) == 0) {
    pleat::NpyWriter file("/dev/full", 1);
    BOOST_CHECK_THROW(file.finish(), pleat::Error);
  }
}

BOOST_AUTO_TEST_SUITE_END()
