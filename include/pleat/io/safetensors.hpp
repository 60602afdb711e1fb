#pragma once
/// \file  Reader of .safetensors files: strict, so that a damaged or forged file is one sentence and never a wrong model.
///
/// Layout: 8 bytes header length (little endian), a JSON header {name: {dtype, shape, data_offsets}}, then the tensors' bytes.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/io/dtype.hpp>
#include <pleat/io/json.hpp>
#include <pleat/io/mapped_file.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

/// Elements of a shape; an Error naming `name` when a size is negative or the product overflows.
inline Index element_count(const std::vector<Index>& shape, std::string_view name) {
  Index count = 1;
  for (const Index size : shape) {
    require(size >= 0, name, ": a size of its shape is negative.");
    require(size == 0 || count <= (std::numeric_limits<Index>::max)() / 16 / size, name,
            ": its shape has more elements than a file can hold.");
    count *= size;
  }
  return count;
}

class Safetensors {
public:
  /// Maps the file and checks every byte range of it. \throws Error naming file and tensor.
  static Safetensors open(const std::string& path) {
    Safetensors file;
    file.path_ = path;
    file.mapping_ = std::make_shared<MappedFile>(path);
    file.parse(file.mapping_->text());
    return file;
  }
  /// The same from bytes in memory; `bytes` must outlive the object.
  static Safetensors from_bytes(std::string_view bytes, std::string name) {
    Safetensors file;
    file.path_ = std::move(name);
    file.parse(bytes);
    return file;
  }

  const std::string& path() const { return path_; }
  /// Names in the order of the header.
  const std::vector<std::string>& names() const { return names_; }
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  const std::vector<Index>& shape(std::string_view name) const { return entry(name).shape; }
  Dtype dtype(std::string_view name) const { return entry(name).dtype; }
  Index count(std::string_view name) const { return entry(name).count; }
  /// The raw bytes, valid as long as this object.
  std::string_view bytes(std::string_view name) const {
    const Entry& tensor = entry(name);
    return data_.substr(static_cast<std::size_t>(tensor.begin), static_cast<std::size_t>(tensor.end - tensor.begin));
  }

  /// Pairs of `__metadata__` in the order of the file.
  const std::vector<std::pair<std::string, std::string>>& metadata() const { return metadata_; }
  bool has_metadata(std::string_view key) const { return metadata_of(key) != nullptr; }
  const std::string& metadata(std::string_view key) const {
    const std::string* value = metadata_of(key);
    require(value != nullptr, path_, ": its metadata has no entry \"", key, "\".");
    return *value;
  }

  /// All elements, row-major, converted to T. Floating tensors are not read into integer types.
  template <class T> std::vector<T> read(std::string_view name) const {
    std::vector<T> values(static_cast<std::size_t>(entry(name).count));
    read_into(name, values.data(), static_cast<Index>(values.size()));
    return values;
  }
  /// The same into `count` elements at `to`. \throws Error if the tensor has another number of elements.
  template <class T> void read_into(std::string_view name, T* to, Index count) const {
    const Entry& tensor = entry(name);
    require(std::is_floating_point_v<T> || !is_floating(tensor.dtype), path_, ": tensor \"", name, "\" is ",
            dtype_name(tensor.dtype), ", an integer type was expected.");
    require(count == tensor.count, path_, ": tensor \"", name, "\" has ", tensor.count, " elements where ", count,
            " were expected.");
    convert_from(tensor.dtype, data_.empty() ? nullptr : reinterpret_cast<const std::byte*>(data_.data()) + tensor.begin, count,
                 to);
  }

  /// \throws Error naming the first tensor (and element) that holds an infinity or NaN.
  void require_finite() const {
    for (const Entry& tensor : entries_) {
      if (!is_floating(tensor.dtype)) continue;
      const std::vector<double> values = read<double>(names_[static_cast<std::size_t>(tensor.name)]);
      for (std::size_t i = 0; i < values.size(); ++i)
        require(std::isfinite(values[i]), path_, ": tensor \"", names_[static_cast<std::size_t>(tensor.name)],
                "\" holds a non-finite value at element ", i, ".");
    }
  }

private:
  struct Entry {
    Index name = 0; // into names_
    Dtype dtype = Dtype::F32;
    std::vector<Index> shape;
    Index count = 0;          // elements
    Index begin = 0, end = 0; // bytes from the start of the data
  };

  const Entry* find(std::string_view name) const { // entries_ is sorted by name
    const auto before = [this](const Entry& e, std::string_view n) {
      return std::string_view(names_[static_cast<std::size_t>(e.name)]) < n;
    };
    const auto at = std::lower_bound(entries_.begin(), entries_.end(), name, before);
    return at != entries_.end() && names_[static_cast<std::size_t>(at->name)] == name ? &*at : nullptr;
  }
  const Entry& entry(std::string_view name) const {
    const Entry* found = find(name);
    require(found != nullptr, path_, ": there is no tensor \"", name, "\" in the file.");
    return *found;
  }
  const std::string* metadata_of(std::string_view key) const {
    for (const auto& pair : metadata_)
      if (pair.first == key) return &pair.second;
    return nullptr;
  }

  void parse(std::string_view file) {
    require(file.size() >= 8, path_, ": is not a safetensors file: it has ", file.size(),
            " bytes, the header length alone takes 8.");
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), 8);
    require(length <= file.size() - 8 && length <= 100'000'000, path_, ": the header is said to have ", length,
            " bytes, which the file of ", file.size(), " bytes cannot hold: it is truncated or not a safetensors file.");
    data_ = file.substr(8 + static_cast<std::size_t>(length));
    const Json header = Json::parse(file.substr(8, static_cast<std::size_t>(length)), path_ + ": header");
    require(header.is_object(), path_, ": the header is not a JSON object.");
    for (Index i = 0; i < header.size(); ++i) {
      const std::string& key = header.keys()[static_cast<std::size_t>(i)];
      const Json& value = header.items()[static_cast<std::size_t>(i)];
      if (key == "__metadata__")
        parse_metadata(value);
      else
        parse_tensor(key, value);
    }
    check_coverage();
    std::sort(entries_.begin(), entries_.end(), [this](const Entry& a, const Entry& b) {
      return names_[static_cast<std::size_t>(a.name)] < names_[static_cast<std::size_t>(b.name)];
    });
  }

  void parse_metadata(const Json& value) {
    require(value.is_object(), path_, ": __metadata__ is not a JSON object.");
    for (std::size_t i = 0; i < value.keys().size(); ++i) {
      require(value.items()[i].is_string(), path_, ": the metadata entry \"", value.keys()[i], "\" is not a string.");
      metadata_.emplace_back(value.keys()[i], value.items()[i].string());
    }
  }

  void parse_tensor(const std::string& name, const Json& value) {
    const std::string where = path_ + ": tensor \"" + name + "\"";
    const Json* dtype = value.is_object() ? value.find("dtype") : nullptr;
    const Json* shape = value.is_object() ? value.find("shape") : nullptr;
    const Json* offsets = value.is_object() ? value.find("data_offsets") : nullptr;
    require(dtype != nullptr && dtype->is_string() && shape != nullptr && shape->is_array() && offsets != nullptr &&
                offsets->is_array() && offsets->size() == 2 && value.size() == 3,
            where, " is not described by dtype, shape and data_offsets.");
    Entry tensor;
    const auto row = std::find_if(std::begin(detail::dtypes), std::end(detail::dtypes),
                                  [&](const auto& r) { return r.name == dtype->string(); });
    require(row != std::end(detail::dtypes), where, " has the element type \"", dtype->string(), "\", which is not supported.");
    tensor.dtype = row->type;
    for (const Json& size : shape->items()) {
      require(size.is_integer(), where, " has a shape that is not made of integers.");
      tensor.shape.push_back(static_cast<Index>(size.integer()));
    }
    require(offsets->items()[0].is_integer() && offsets->items()[1].is_integer(), where,
            " has data_offsets that are not integers.");
    tensor.begin = static_cast<Index>(offsets->items()[0].integer());
    tensor.end = static_cast<Index>(offsets->items()[1].integer());
    require(tensor.begin >= 0 && tensor.begin <= tensor.end && tensor.end <= static_cast<Index>(data_.size()), where,
            " claims bytes ", tensor.begin, " to ", tensor.end, " of ", data_.size(),
            " bytes of data: the file is truncated or damaged.");
    tensor.count = element_count(tensor.shape, where);
    require(tensor.count * row->bytes == tensor.end - tensor.begin, where, " has ", tensor.end - tensor.begin,
            " bytes where its type and shape need ", tensor.count * row->bytes, ".");
    tensor.name = static_cast<Index>(names_.size());
    names_.push_back(name);
    entries_.push_back(std::move(tensor));
  }

  /// Sorted by offset the tensors must tile the data: an overlap would alias weights, a hole or a tail hides bytes.
  void check_coverage() {
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
    Index reached = 0;
    for (const Entry& tensor : entries_) {
      require(tensor.begin == reached, path_, ": tensor \"", names_[static_cast<std::size_t>(tensor.name)], "\" starts at byte ",
              tensor.begin, " of the data where ", reached, " was expected: tensors overlap or leave a hole.");
      reached = tensor.end;
    }
    require(reached == static_cast<Index>(data_.size()), path_, ": ", static_cast<Index>(data_.size()) - reached,
            " bytes follow the last tensor: the file is damaged.");
  }

  std::string path_;
  std::shared_ptr<const MappedFile> mapping_;
  std::string_view data_;
  std::vector<std::string> names_;
  std::vector<Entry> entries_;
  std::vector<std::pair<std::string, std::string>> metadata_;
};

} // namespace pleat::inline v0_1
