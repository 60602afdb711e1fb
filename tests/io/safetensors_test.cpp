#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <pleat/io/safetensors.hpp>
#include <pleat/io/safetensors_check.hpp>
#include <pleat/io/safetensors_writer.hpp>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using pleat::Dtype;
using pleat::Index;
using pleat::Safetensors;
using pleat::SafetensorsWriter;

namespace {
std::string scratch(const char* name) { return "safetensors_test_" + std::to_string(::getpid()) + "_" + name; }
std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
std::string image(const std::string& header, std::size_t data_bytes, std::ptrdiff_t lie = 0) {
  const std::uint64_t length = header.size() + static_cast<std::uint64_t>(lie);
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data_bytes, '\1');
}
template <class Call> std::string message_of(Call call) {
  try {
    call();
  } catch (const pleat::Error& error) {
    return error.what();
  }
  return "";
}
bool refused(const std::string& bytes, const char* because) {
  const std::string said = message_of([&] { Safetensors::from_bytes(bytes, "bad.safetensors"); });
  const bool right = said.find("bad.safetensors") != said.npos && said.find(because) != said.npos;
  if (!right) BOOST_TEST_MESSAGE("said: " << said);
  return right;
}
std::string tensor(const char* name, const char* type, const char* shape, const char* offsets) {
  return std::string("\"") + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}
} // namespace

BOOST_AUTO_TEST_SUITE(safetensors)

BOOST_AUTO_TEST_CASE(writes_and_reads_all_types) {
  const std::string path = scratch("types");
  const std::vector<double> numbers = {0.0, -1.5, 65504.0, 3.0};
  SafetensorsWriter file(path);
  file.declare("f64", Dtype::F64, {2, 2})
      .declare("f32", Dtype::F32, {4})
      .declare("f16", Dtype::F16, {4})
      .declare("bf16", Dtype::BF16, {4});
  file.declare("i64", Dtype::I64, {1})
      .declare("i32", Dtype::I32, {2})
      .declare("i16", Dtype::I16, {1})
      .declare("u8", Dtype::U8, {1});
  file.declare("bool", Dtype::Bool, {1}).declare("none", Dtype::F32, {0, 3}).declare("scalar", Dtype::F32, {});
  file.metadata("b", "two \"words\"").metadata("a", "1");
  file.write("f64", numbers.data(), 4);
  file.write(numbers.data(), 1);
  file.write(numbers.data() + 1, 3);
  file.write(numbers);
  file.write(numbers);
  file.write(std::vector<std::int64_t>{-5});
  file.write(std::vector<std::int32_t>{7, -7});
  file.write(std::vector<std::int16_t>{-9});
  file.write(std::vector<std::uint8_t>{250});
  const bool yes = true;
  file.write(&yes, 1);
  file.write(std::vector<float>{2.5f});
  BOOST_TEST(::access(path.c_str(), F_OK) != 0); // nothing under the name before finish
  file.finish();
  BOOST_TEST(::access((path + ".tmp").c_str(), F_OK) != 0);

  const Safetensors back = Safetensors::open(path);
  BOOST_TEST(back.names().size() == 11u);
  BOOST_TEST(back.names()[0] == "f64");
  BOOST_TEST(back.shape("f64") == (std::vector<Index>{2, 2}), boost::test_tools::per_element());
  for (const char* name : {"f64", "f32", "f16"}) BOOST_TEST(back.read<double>(name) == numbers, boost::test_tools::per_element());
  BOOST_TEST(back.read<float>("bf16")[1] == -1.5f);
  BOOST_TEST(back.read<float>("bf16")[2] == 65536.0f); // rounded to 8 bits
  BOOST_TEST(back.read<std::int64_t>("i32")[1] == -7);
  BOOST_TEST(back.read<float>("i64")[0] == -5.0f);
  BOOST_TEST(back.read<std::int32_t>("i16")[0] == -9);
  BOOST_TEST(back.read<int>("u8")[0] == 250);
  BOOST_TEST(back.read<double>("bool")[0] == 1.0);
  BOOST_TEST(back.read<float>("none").empty());
  BOOST_TEST(back.read<float>("scalar")[0] == 2.5f);
  BOOST_TEST(back.metadata("b") == "two \"words\"");
  BOOST_TEST(back.metadata()[1].first == "a");
  std::uint64_t header = 0;
  std::memcpy(&header, slurp(path).data(), 8);
  BOOST_TEST(header % 8 == 0u);
  BOOST_TEST(message_of([&] { back.read<int>("f32"); }).find("\"f32\" is F32") != std::string::npos);
  BOOST_TEST(message_of([&] { back.read<float>("nope"); }).find("no tensor \"nope\"") != std::string::npos);
  float three[3];
  BOOST_TEST(message_of([&] { back.read_into("f32", three, 3); }).find("has 4 elements where 3") != std::string::npos);
  BOOST_TEST(message_of([&] { back.metadata("zz"); }).find("\"zz\"") != std::string::npos);
  ::unlink(path.c_str());
}

BOOST_AUTO_TEST_CASE(every_half_survives) {
  for (unsigned bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float f16 = pleat::float_from_f16(half), bf16 = pleat::float_from_bf16(half);
    if (std::isnan(f16))
      BOOST_REQUIRE(std::isnan(pleat::float_from_f16(pleat::f16_from_float(f16))));
    else
      BOOST_REQUIRE_EQUAL(pleat::f16_from_float(f16), half);
    if (std::isnan(bf16))
      BOOST_REQUIRE(std::isnan(pleat::float_from_bf16(pleat::bf16_from_float(bf16))));
    else
      BOOST_REQUIRE_EQUAL(pleat::bf16_from_float(bf16), half);
  }
  BOOST_TEST(pleat::float_from_f16(pleat::f16_from_float(1.0f + 0x1p-11f)) == 1.0f); // ties to even
  BOOST_TEST(pleat::float_from_f16(pleat::f16_from_float(1.0f + 3 * 0x1p-11f)) == 1.0f + 0x1p-9f);
  BOOST_TEST(pleat::f16_from_float(65519.996f) == 0x7bff);
  BOOST_TEST(pleat::f16_from_float(65520.0f) == 0x7c00);
  BOOST_TEST(pleat::f16_from_float(0x1p-25f) == 0);
  BOOST_TEST(pleat::f16_from_float(0x1.8p-25f) == 1);
}

BOOST_AUTO_TEST_CASE(forged_files_are_refused) {
  const std::string a = tensor("a", "F32", "[2]", "[0,8]");
  BOOST_CHECK_NO_THROW(Safetensors::from_bytes(image("{" + a + "}", 8), "ok"));
  BOOST_TEST(refused("", "not a safetensors file"));
  BOOST_TEST(refused(std::string(8, '\xff'), "cannot hold"));
  BOOST_TEST(refused(image("{" + a + "}", 8, 100), "cannot hold"));
  BOOST_TEST(refused(image("{" + a + "}", 8, -1), "header"));
  BOOST_TEST(refused(image("[]", 0), "not a JSON object"));
  BOOST_TEST(refused(image("{" + a + "}", 7), "\"a\" claims bytes 0 to 8 of 7"));
  BOOST_TEST(refused(image("{" + a + "}", 9), "1 bytes follow the last tensor"));
  BOOST_TEST(refused(image("{" + a + "," + tensor("b", "F32", "[2]", "[4,12]") + "}", 12), "\"b\" starts at byte 4"));
  BOOST_TEST(refused(image("{" + a + "," + tensor("b", "F32", "[1]", "[12,16]") + "}", 16), "\"b\" starts at byte 12"));
  BOOST_TEST(refused(image("{" + a + "," + a + "}", 8), "occurs twice"));
  BOOST_TEST(
      refused(image("{" + tensor("a", "F32", "[3]", "[0,8]") + "}", 8), "\"a\" has 8 bytes where its type and shape need 12"));
  BOOST_TEST(refused(image("{" + tensor("a", "F99", "[2]", "[0,8]") + "}", 8), "\"F99\""));
  BOOST_TEST(refused(image("{" + tensor("a", "F32", "[-2]", "[0,8]") + "}", 8), "negative"));
  BOOST_TEST(refused(image("{" + tensor("a", "F32", "[4294967296,4294967296]", "[0,8]") + "}", 8), "more elements"));
  BOOST_TEST(refused(image("{" + tensor("a", "F32", "[2.0]", "[0,8]") + "}", 8), "integers"));
  BOOST_TEST(refused(image("{" + tensor("a", "F32", "[2]", "[8,0]") + "}", 8), "claims bytes"));
  BOOST_TEST(refused(image("{" + tensor("a", "F32", "[2]", "[-8,0]") + "}", 8), "claims bytes"));
  BOOST_TEST(refused(image("{" + tensor("a", "F32", "[2]", "[0,18446744073709551615]") + "}", 8), "data_offsets"));
  BOOST_TEST(refused(image("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8), "not described"));
  BOOST_TEST(refused(image("{\"__metadata__\":{\"k\":1}}", 0), "\"k\" is not a string"));
}

BOOST_AUTO_TEST_CASE(all_differences_in_one_sentence) {
  const std::string bytes = image("{" + tensor("a", "F32", "[2]", "[0,8]") + "," + tensor("b", "F32", "[1,2]", "[8,16]") + "," +
                                      tensor("position_ids", "I64", "[1]", "[16,24]") + "," +
                                      tensor("z", "F32", "[1]", "[24,28]") + "," + tensor("i", "I32", "[1]", "[28,32]") + "}",
                                  32);
  const Safetensors file = Safetensors::from_bytes(bytes, "m.safetensors");
  BOOST_CHECK_NO_THROW(pleat::require_tensors(file, {{"a", {2}}, {"b", {1, 2}}}, {"position_", "z", "i"}));
  const std::string said = message_of([&] {
    pleat::require_tensors(file, {{"a", {2}}, {"b", {2, 1}}, {"c", {1}}, {"i", {1}}}, {"position_"});
  });
  BOOST_TEST(said == "m.safetensors: does not fit this model; 1 missing: c; 2 with another shape or type: b (1, 2) instead of "
                     "(2, 1), i of type I32; "
                     "1 not needed: z.");
}

BOOST_AUTO_TEST_CASE(non_finite_weights_are_named) {
  const std::string path = scratch("nan");
  SafetensorsWriter file(path);
  file.declare("good", Dtype::F32, {1}).declare("bad", Dtype::F32, {2});
  file.write(std::vector<float>{1.0f});
  file.write(std::vector<float>{1.0f, std::numeric_limits<float>::quiet_NaN()});
  file.finish();
  BOOST_TEST(message_of([&] {
               Safetensors::open(path).require_finite();
             }).find("\"bad\" holds a non-finite value at element 1") != std::string::npos);
  ::unlink(path.c_str());
}

BOOST_AUTO_TEST_CASE(writer_refuses_misuse_and_keeps_the_old_file) {
  const std::string path = scratch("misuse");
  pleat::atomic_write(path, "old");
  {
    SafetensorsWriter file(path);
    file.declare("a", Dtype::F32, {2});
    BOOST_CHECK_THROW(file.declare("a", Dtype::F32, {2}), pleat::Error);
    file.write(std::vector<float>{1.0f});
    BOOST_CHECK_THROW(file.write(std::vector<float>{1.0f, 2.0f}), pleat::Error);
    BOOST_CHECK_THROW(file.write(std::vector<std::int32_t>{1}), pleat::Error);
    BOOST_CHECK_THROW(file.declare("b", Dtype::F32, {2}), pleat::Error);
    BOOST_TEST(message_of([&] { file.finish(); }).find("\"a\" was not written completely") != std::string::npos);
  }
  BOOST_TEST(slurp(path) == "old");
  BOOST_TEST(::access((path + ".tmp").c_str(), F_OK) != 0);
  ::unlink(path.c_str());
}

BOOST_AUTO_TEST_CASE(full_disk_and_unwritable_folder) {
  if (::access("/dev/full", W_OK) == 0) {
    const auto fill = [] {
      SafetensorsWriter file("/dev/full");
      file.declare("a", Dtype::F32, {2});
      file.write(std::vector<float>{1.0f, 2.0f});
      file.finish();
    };
    BOOST_TEST(message_of(fill).find("/dev/full: cannot be written further (No space left on device)") != std::string::npos);
    struct stat status {};
    BOOST_TEST((::stat("/dev/full", &status) == 0 && S_ISCHR(status.st_mode))); // the device was not replaced
  }
  BOOST_TEST(message_of([] { pleat::atomic_write("no/such/folder/file", "x"); }).find("cannot be written") != std::string::npos);
  BOOST_TEST(message_of([] { pleat::atomic_write(".", "x"); }).find("is a folder") != std::string::npos);
  BOOST_TEST(message_of([] { Safetensors::open("no/such/file"); }).find("no/such/file: cannot be opened") != std::string::npos);
  BOOST_TEST(message_of([] { Safetensors::open("."); }).find("not a regular file") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(golden_files_open) {
  const Safetensors file = Safetensors::open(PLEAT_TEST_DATA "/golden/lsd/diffusion.safetensors");
  BOOST_TEST(!file.names().empty());
  BOOST_CHECK_NO_THROW(file.require_finite());
}

BOOST_AUTO_TEST_SUITE_END()
