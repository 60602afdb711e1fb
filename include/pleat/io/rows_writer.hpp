#pragma once
/// \file  Representations as a file that is written while it is made: rows in one array, who they belong to beside it.
///
/// `<path>` ending in .safetensors: tensors `rows` F32 (total rows, width) and `offsets` I64 (records + 1): record i owns rows
/// offsets[i] … offsets[i + 1]. Ending in .npy: the array of rows. Beside it `<path>.ids.tsv`: id, length in residues, first row,
/// number of rows and status of every record, in the order of the input. Memory is bounded but for 24 bytes and the id per
/// record.

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pleat/io/atomic_file.hpp>
#include <pleat/io/json.hpp>
#include <pleat/io/npy.hpp>

namespace pleat::inline v0_1 {

class RowsWriter {
public:
  /// \throws Error if the ending is neither .safetensors nor .npy, or the file cannot be written.
  RowsWriter(const std::string& path, Index width, std::vector<std::pair<std::string, std::string>> metadata = {})
      : path_(path), width_(width), metadata_(std::move(metadata)) {
    require_ending(path);
    if (path.ends_with(".npy")) {
      npy_ = std::make_unique<NpyWriter>(path, width);
    } else {
      file_ = std::make_unique<AtomicFile>(path);
      file_->write(header(0)); // with the counts at the end: shapes are not known before
    }
  }

  static void require_ending(const std::string& path) {
    require(path.ends_with(".npy") || path.ends_with(".safetensors") || is_special_file(path), path,
            ": the name of the output decides its format and must end in .safetensors or .npy.");
  }

  /// Appends a record of `length` residues with `values.size() / width` rows.
  void add(std::string_view id, Index length, std::span<const float> values, std::string_view status = "ok") {
    const auto count = static_cast<Index>(values.size());
    if (npy_)
      npy_->write(values.data(), count);
    else
      file_->write({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
    const Index rows = count / width_;
    (ids_ += id) += '\t';
    ids_ += std::to_string(length) + '\t' + std::to_string(offsets_.back()) + '\t' + std::to_string(rows) + '\t';
    (ids_ += status) += '\n';
    offsets_.push_back(offsets_.back() + rows);
  }
  Index records() const { return static_cast<Index>(offsets_.size()) - 1; }
  Index rows() const { return static_cast<Index>(offsets_.back()); }

  /// Makes the files durable under their names; that of the rows comes last, so where it exists all is there.
  void finish() {
    if (!is_special_file(path_)) atomic_write(path_ + ".ids.tsv", "id\tlength\tfirst_row\trows\tstatus\n" + ids_);
    if (npy_) return npy_->finish();
    file_->write({reinterpret_cast<const char*>(offsets_.data()), offsets_.size() * sizeof(offsets_[0])});
    file_->patch(0, header(rows()));
    file_->commit();
  }

private:
  // The same number of bytes whatever the counts, so that it can be patched.
  std::string header(Index rows) const {
    Json json = Json::object(), meta = Json::object();
    for (const auto& [key, value] : metadata_) meta.set(key, value);
    if (meta.size() > 0) json.set("__metadata__", std::move(meta));
    const Index end = rows * width_ * 4, last = end + static_cast<Index>(offsets_.size()) * 8;
    auto tensor = [](const char* type, std::initializer_list<Index> sizes, Index from, Index to) {
      Json shape = Json::array(), bytes = Json::array(), all = Json::object();
      for (Index size : sizes) shape.push(size);
      bytes.push(from).push(to);
      return all.set("dtype", type).set("shape", std::move(shape)).set("data_offsets", std::move(bytes));
    };
    json.set("rows", tensor("F32", {rows, width_}, 0, end));
    json.set("offsets", tensor("I64", {static_cast<Index>(offsets_.size())}, end, last));
    std::string text = json.dump();
    std::size_t room = 512; // shapes and offsets take less than this, a quoted letter at most six bytes
    for (const auto& [key, value] : metadata_) room += 6 * (key.size() + value.size()) + 8;
    text.resize((room + 7) / 8 * 8, ' ');
    const std::uint64_t length = text.size();
    std::string prefix(8, '\0');
    std::memcpy(prefix.data(), &length, 8);
    return prefix + text;
  }

  std::string path_, ids_;
  Index width_;
  std::vector<std::pair<std::string, std::string>> metadata_;
  std::vector<std::int64_t> offsets_{0};
  std::unique_ptr<NpyWriter> npy_;
  std::unique_ptr<AtomicFile> file_;
};

} // namespace pleat::inline v0_1
