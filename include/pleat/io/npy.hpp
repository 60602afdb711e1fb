#pragma once
/// \file  NumPy .npy files of float32: written row by row with the number of rows known at the end, and read back.

#include <cctype>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/io/atomic_file.hpp>
#include <pleat/io/dtype.hpp>
#include <pleat/io/mapped_file.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

/// A float32 array (rows, width), or (rows,) for width 0. The file appears at `finish()`.
class NpyWriter {
public:
  NpyWriter(std::string path, Index width) : file_(std::move(path)), width_(width) {
    require(width >= 0, file_.path(), ": the width of an array cannot be negative.");
    file_.write(header());
  }
  /// Appends `count` values: whole rows in the end, any pieces on the way.
  void write(const float* values, Index count) {
    if (count == 0) return;
    file_.write({reinterpret_cast<const char*>(values), static_cast<std::size_t>(count) * sizeof(float)});
    values_ += count;
  }
  Index rows() const { return values_ / (width_ == 0 ? 1 : width_); }
  void finish() {
    require(width_ == 0 || values_ % width_ == 0, file_.path(), ": the last row is not complete.");
    file_.patch(0, header());
    file_.commit();
  }

private:
  /// 128 bytes whatever the number of rows, so that it can be patched at the end.
  std::string header() const {
    std::string text("\x93NUMPY\x01\x00\x76\x00", 10);
    text += "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows()) + "," +
            (width_ > 0 ? " " + std::to_string(width_) : "") + "), }";
    text.resize(127, ' ');
    return text += '\n';
  }

  AtomicFile file_;
  Index width_;
  Index values_ = 0;
};

struct NpyArray {
  std::vector<Index> shape;
  std::vector<float> values; // row-major
};

/// Reads a little-endian float32 or float64 array in C order.
inline NpyArray read_npy(const std::string& path) {
  const MappedFile file(path);
  const std::string_view bytes = file.text();
  require(bytes.size() >= 10 && bytes.substr(0, 8) == std::string_view("\x93NUMPY\x01\x00", 8), path,
          ": is not a .npy file of version 1.0.");
  const std::size_t length = static_cast<unsigned char>(bytes[8]) + std::size_t{256} * static_cast<unsigned char>(bytes[9]);
  require(10 + length <= bytes.size(), path, ": the .npy header is truncated.");
  const std::string_view header = bytes.substr(10, length);
  const bool f4 = header.find("'<f4'") != header.npos, f8 = header.find("'<f8'") != header.npos;
  require((f4 || f8) && header.find("'fortran_order': False") != header.npos, path,
          ": only little-endian float32 and float64 arrays in C order are read.");
  NpyArray array;
  std::size_t at = header.find("'shape': (");
  require(at != header.npos, path, ": the .npy header has no shape.");
  Index count = 1;
  for (at += 10; at < header.size() && header[at] != ')';) {
    Index size = 0;
    const auto [end, code] = std::from_chars(header.data() + at, header.data() + header.size(), size);
    require(code == std::errc() && size >= 0 && (size == 0 || count <= (Index{1} << 56) / size), path,
            ": the shape in the .npy header is malformed.");
    array.shape.push_back(size);
    count *= size;
    at = static_cast<std::size_t>(end - header.data());
    while (at < header.size() && (header[at] == ',' || header[at] == ' ')) ++at;
  }
  const std::string_view data = bytes.substr(10 + length);
  require(data.size() == static_cast<std::size_t>(count) * (f4 ? 4 : 8), path, ": has ", data.size(),
          " bytes of data where its shape needs ", count * (f4 ? 4 : 8), ".");
  array.values.resize(static_cast<std::size_t>(count));
  convert_from(f4 ? Dtype::F32 : Dtype::F64, reinterpret_cast<const std::byte*>(data.data()), count, array.values.data());
  return array;
}

} // namespace pleat::inline v0_1
