#pragma once
/// \file  Writer of .safetensors files: tensors are declared first, then streamed in that order; the file appears at `finish()`.

#include <cstdint>
#include <cstring>
#include <optional>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/io/atomic_file.hpp>
#include <pleat/io/dtype.hpp>
#include <pleat/io/json.hpp>
#include <pleat/io/safetensors.hpp>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

/// The bytes depend on the calls only (names and metadata in the order given). Data starts at a multiple of 8 bytes, and so does
/// every tensor as long as wider element types are declared first.
///
///     SafetensorsWriter file(path);
///     file.declare("weight", Dtype::F32, {out, in}).declare("bias", Dtype::F32, {out}).metadata("config", text);
///     file.write(weight, out * in);  file.write(bias, out);  file.finish();
class SafetensorsWriter {
public:
  explicit SafetensorsWriter(std::string path) : path_(std::move(path)) {}

  SafetensorsWriter& declare(std::string name, Dtype dtype, std::vector<Index> shape) {
    require(!file_, path_, ": tensor \"", name, "\" is declared after the first data were written.");
    require(name != "__metadata__" && names_.insert(name).second, path_, ": tensor \"", name,
            "\" is declared twice or has a reserved name.");
    const Index count = element_count(shape, path_ + ": tensor \"" + name + "\"");
    tensors_.push_back({std::move(name), dtype, std::move(shape), count});
    return *this;
  }
  /// Adds or replaces a pair of `__metadata__`.
  SafetensorsWriter& metadata(std::string key, std::string value) {
    require(!file_, path_, ": metadata \"", key, "\" is set after the first data were written.");
    metadata_.set(std::move(key), Json(std::move(value)));
    return *this;
  }

  /// Appends `count` elements to the current tensor (the first that is not complete), converted to its declared type. A tensor
  /// may come in many pieces; a piece never crosses into the next tensor.
  template <class T> void write(const T* values, Index count) {
    begin();
    if (count == 0) return;
    const Tensor& tensor = current(count);
    const bool same = dtype_of<T>() == tensor.dtype;
    require(same || (is_floating(tensor.dtype) && std::is_floating_point_v<T>), path_, ": tensor \"", tensor.name,
            "\" is declared ", dtype_name(tensor.dtype), " but given ", dtype_name(dtype_of<T>()), " elements.");
    written_ += count;
    if (same) return file_->write({reinterpret_cast<const char*>(values), static_cast<std::size_t>(count) * sizeof(T)});
    switch (tensor.dtype) {
    case Dtype::F16:
      return convert<std::uint16_t>(values, count, [](T v) { return f16_from_float(static_cast<float>(v)); });
    case Dtype::BF16:
      return convert<std::uint16_t>(values, count, [](T v) { return bf16_from_float(static_cast<float>(v)); });
    case Dtype::F32:
      return convert<float>(values, count, [](T v) { return static_cast<float>(v); });
    default:
      return convert<double>(values, count, [](T v) { return static_cast<double>(v); });
    }
  }
  template <class T> void write(const std::vector<T>& values) { write(values.data(), static_cast<Index>(values.size())); }

  /// The same by name, for callers that want the order checked.
  template <class T> void write(std::string_view name, const T* values, Index count) {
    if (count > 0) skip_complete();
    require(count == 0 || (current_ < tensors_.size() && tensors_[current_].name == name), path_, ": tensor \"", name,
            "\" is written out of the declared order.");
    write(values, count);
  }

  /// Checks that every tensor is complete and makes the file durable under its name.
  void finish() {
    begin();
    skip_complete();
    require(current_ == tensors_.size(), path_, ": tensor \"", current_ < tensors_.size() ? tensors_[current_].name : "",
            "\" was not written completely.");
    file_->commit();
  }

private:
  struct Tensor {
    std::string name;
    Dtype dtype;
    std::vector<Index> shape;
    Index count;
  };

  void begin() {
    if (file_) return;
    Json header = Json::object();
    if (metadata_.size() > 0) header.set("__metadata__", std::move(metadata_));
    std::string text = header.dump(); // tensors are appended as text: `Json::set` would be quadratic in their number
    text.pop_back();
    Index offset = 0;
    for (const Tensor& tensor : tensors_) {
      if (text.size() > 1) text += ',';
      Json shape = Json::array(), offsets = Json::array();
      for (const Index size : tensor.shape) shape.push(Json(size));
      const Index end = offset + tensor.count * dtype_bytes(tensor.dtype);
      offsets.push(Json(offset)).push(Json(end));
      offset = end;
      Json row = Json::object();
      row.set("dtype", Json(dtype_name(tensor.dtype))).set("shape", std::move(shape)).set("data_offsets", std::move(offsets));
      Json::quote(text, tensor.name);
      (text += ':') += row.dump();
    }
    text += '}';
    text.append((8 - text.size() % 8) % 8, ' ');
    const std::uint64_t length = text.size();
    char prefix[8];
    std::memcpy(prefix, &length, 8);
    file_.emplace(path_);
    file_->write({prefix, 8});
    file_->write(text);
  }
  void skip_complete() {
    while (current_ < tensors_.size() && written_ == tensors_[current_].count) ++current_, written_ = 0;
  }
  /// The tensor that the next `count` elements belong to.
  const Tensor& current(Index count) {
    skip_complete();
    require(current_ < tensors_.size(), path_, ": more data are written than were declared.");
    const Tensor& tensor = tensors_[current_];
    require(count <= tensor.count - written_, path_, ": tensor \"", tensor.name, "\" is given more than its ", tensor.count,
            " elements.");
    return tensor;
  }
  template <class To, class T, class Map> void convert(const T* values, Index count, Map map) {
    constexpr Index piece = 4096;
    To block[piece];
    for (Index done = 0; done < count; done += piece) {
      const Index now = count - done < piece ? count - done : piece;
      for (Index i = 0; i < now; ++i) block[i] = map(values[done + i]);
      file_->write({reinterpret_cast<const char*>(block), static_cast<std::size_t>(now) * sizeof(To)});
    }
  }

  std::string path_;
  std::vector<Tensor> tensors_;
  std::set<std::string, std::less<>> names_;
  Json metadata_ = Json::object();
  std::optional<AtomicFile> file_;
  std::size_t current_ = 0; // tensor being written
  Index written_ = 0;       // elements of it
};

} // namespace pleat::inline v0_1
