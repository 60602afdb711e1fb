#pragma once
/// \file  A read-only reader of LMDB files (data.mdb): every offset is checked, and what it does not know is refused.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/io/mapped_file.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

/// The main database of a file in the format of LMDB 0.9 (data version 1), written on a machine with 64-bit words and little end
/// first. Named databases, duplicate keys and keys in other orders than byte by byte are refused. No lock is taken: the file must
/// not be written to meanwhile. The layout, from a page of `page` bytes: a header of 16 (number, pad, flags, lower, upper), then
/// 2-byte offsets of nodes; a node is 8 bytes (two halves of a size or page number, flags, length of the key), key, value. Values
/// too long for a page lie in runs of overflow pages. Pages 0 and 1 are metas; the one of the later transaction counts.
class LmdbReader {
public:
  /// A folder with data.mdb in it, or that file. \throws Error
  static LmdbReader open(const std::string& path) {
    const bool folder = std::filesystem::is_directory(path);
    const std::string file = folder ? path + "/data.mdb" : path;
    require(std::filesystem::is_regular_file(file), path,
            ": holds no LMDB database: ", folder ? "there is no file data.mdb in the folder." : "there is no such file.");
    return LmdbReader(MappedFile(file), file);
  }
  /// A file's bytes, which must outlive the reader. \throws Error
  LmdbReader(std::string_view bytes, std::string name) : bytes_(bytes), name_(std::move(name)) { read_meta(); }

  const std::string& name() const { return name_; }
  Index size() const { return static_cast<Index>(entries_); } ///< keys

  /// The value of a key; a view that lives as long as the reader's bytes. \throws Error where the file is damaged.
  std::optional<std::string_view> find(std::string_view key) const {
    if (root_ == no_page) return {};
    std::uint64_t number = root_;
    for (std::uint64_t depth = 1; depth <= depth_; ++depth) {
      const Page page = page_at(number, depth == depth_);
      Index low = page.branch ? 1 : 0, high = page.keys; // the first key of a branch is left empty: it is below all
      while (low < high) {
        const Index middle = low + (high - low) / 2;
        const Node node = node_at(page, middle);
        if (!page.branch && node.key == key) return value_of(node);
        if (node.key < key || (page.branch && node.key == key))
          low = middle + 1;
        else
          high = middle;
      }
      if (!page.branch) return {};
      number = node_at(page, low - 1).child;
    }
    return {};
  }

  /// Calls `body(key, value)` for all keys in their order. \throws Error where the file is damaged.
  template <class Body> void for_each(Body&& body) const {
    std::uint64_t seen = 0;
    if (root_ != no_page) visit(root_, 1, seen, body);
    require(seen == entries_, name_, ": says that it holds ", entries_, " keys, but ", seen, " were found: the file is damaged.");
  }

private:
  static constexpr std::uint64_t no_page = ~std::uint64_t{0};
  static constexpr std::size_t header = 16;

  LmdbReader(MappedFile file, std::string name) : file_(std::move(file)), bytes_(file_.text()), name_(std::move(name)) {
    read_meta();
  }

  struct Page {
    std::string_view bytes;
    std::uint64_t number = 0;
    bool branch = false;
    Index keys = 0;
  };
  struct Node {
    std::string_view key, value;   // the value of a leaf that lies in the node
    std::uint64_t child = no_page; // of a branch; of a leaf: first overflow page
    std::uint64_t size = 0;        // of a value in overflow pages
    bool big = false;
  };

  template <class... Parts> [[noreturn]] void damaged(const Parts&... parts) const {
    fail(name_, ": ", parts..., ": the file is damaged or cut short, copy it again.");
  }
  static std::uint64_t number_at(std::string_view text, std::size_t at, std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = width; i-- > 0;) value = value << 8 | static_cast<unsigned char>(text[at + i]);
    return value;
  }

  void read_meta() {
    constexpr std::size_t meta_bytes = header + 136;
    require(bytes_.size() >= meta_bytes && number_at(bytes_, header, 4) == 0xBEEFC0DE, name_,
            ": is not an LMDB file: its first page has no LMDB mark (files of big-endian or 32-bit machines are not read).");
    const std::uint64_t format = number_at(bytes_, header + 4, 4);
    require(format == 1, name_, ": has LMDB data version ", format, "; version 1 (LMDB 0.9) is read.");
    page_ = static_cast<std::size_t>(number_at(bytes_, header + 24, 4)); // kept in the place of the free list's pad
    require(page_ >= 512 && page_ <= 65536 && (page_ & (page_ - 1)) == 0, name_, ": has pages of ", page_,
            " bytes; 512 to 65536, a power of two, were expected.");
    require(bytes_.size() >= 2 * page_, name_, ": ends within its two meta pages: the file is cut short, copy it again.");
    std::uint64_t best = 0;
    bool found = false;
    for (std::size_t k = 0; k < 2; ++k) {
      const std::string_view meta = bytes_.substr(k * page_, page_).substr(header);
      if (number_at(meta, 0, 4) != 0xBEEFC0DE || number_at(meta, 4, 4) != 1) continue;
      const std::uint64_t transaction = number_at(meta, 128, 8);
      if (found && transaction <= best) continue;
      found = true, best = transaction;
      const std::string_view main = meta.substr(72, 48);
      const std::uint64_t flags = number_at(main, 4, 2);
      require((flags & 0x7fff) == 0, name_, ": its main database has the flags ", flags,
              " (duplicate keys or another order of keys); plain databases are read.");
      depth_ = number_at(main, 6, 2), entries_ = number_at(main, 32, 8), root_ = number_at(main, 40, 8);
    }
    require(found, name_, ": neither meta page is one of LMDB: the file is damaged.");
    require(depth_ <= 32 && (root_ == no_page) == (depth_ == 0), name_, ": has a tree of depth ", depth_,
            ", which its root does not fit: the file is damaged.");
    require(entries_ <= bytes_.size() / 10, name_, ": says that it holds ", entries_,
            " keys, more than it has room for: the file is damaged.");
  }

  Page page_at(std::uint64_t number, bool leaf) const {
    if (number < 2 || number >= bytes_.size() / page_) damaged("page ", number, " lies outside of the file");
    Page page{bytes_.substr(static_cast<std::size_t>(number) * page_, page_), number, !leaf, 0};
    const std::uint64_t flags = number_at(page.bytes, 10, 2), lower = number_at(page.bytes, 12, 2),
                        upper = number_at(page.bytes, 14, 2);
    if (number_at(page.bytes, 0, 8) != number || (flags & ~std::uint64_t{0x10}) != (leaf ? 0x02u : 0x01u))
      damaged("page ", number, " is not the ", leaf ? "leaf" : "branch", " that the tree has there");
    if (lower < header || lower % 2 != 0 || lower > upper || upper > page_) damaged("page ", number, " has impossible bounds");
    page.keys = static_cast<Index>((lower - header) / 2);
    if (page.keys < (leaf ? 1 : 2)) damaged("page ", number, " holds too few keys");
    return page;
  }
  Node node_at(const Page& page, Index place) const {
    const auto at = static_cast<std::size_t>(number_at(page.bytes, header + 2 * static_cast<std::size_t>(place), 2));
    const std::size_t first = header + 2 * static_cast<std::size_t>(page.keys);
    if (at < first || at + 8 > page_) damaged("node ", place, " of page ", page.number, " lies outside of it");
    const std::uint64_t low = number_at(page.bytes, at, 4), flags = number_at(page.bytes, at + 4, 2);
    const auto key = static_cast<std::size_t>(number_at(page.bytes, at + 6, 2));
    if (at + 8 + key > page_) damaged("the key of node ", place, " of page ", page.number, " lies outside of it");
    Node node{page.bytes.substr(at + 8, key), {}, no_page, 0, false};
    if (page.branch) {
      node.child = low | flags << 32;
      return node;
    }
    if (flags & 0x06) fail(name_, ": holds named databases or duplicate keys; databases with plain keys and values are read.");
    if (flags > 1) damaged("node ", place, " of page ", page.number, " has unknown flags");
    const std::size_t data = at + 8 + key;
    node.big = flags == 1;
    const std::uint64_t held = node.big ? 8 : low;
    if (held > page_ - data) damaged("the value of node ", place, " of page ", page.number, " lies outside of it");
    if (node.big)
      node.child = number_at(page.bytes, data, 8), node.size = low;
    else
      node.value = page.bytes.substr(data, static_cast<std::size_t>(low));
    return node;
  }
  std::string_view value_of(const Node& node) const {
    if (!node.big) return node.value;
    const std::uint64_t pages = bytes_.size() / page_;
    if (node.child < 2 || node.child >= pages) damaged("overflow page ", node.child, " lies outside of the file");
    const auto at = static_cast<std::size_t>(node.child) * page_;
    const std::uint64_t run = number_at(bytes_, at + 12, 4);
    if (number_at(bytes_, at, 8) != node.child || (number_at(bytes_, at + 10, 2) & ~std::uint64_t{0x10}) != 0x04)
      damaged("page ", node.child, " is not the overflow page that a value lies in");
    if (run == 0 || run > pages - node.child || node.size > run * page_ - header)
      damaged("the value that starts on page ", node.child, " does not fit into its overflow pages");
    return bytes_.substr(at + header, static_cast<std::size_t>(node.size));
  }

  template <class Body> void visit(std::uint64_t number, std::uint64_t depth, std::uint64_t& seen, Body& body) const {
    const Page page = page_at(number, depth == depth_);
    for (Index i = 0; i < page.keys; ++i) {
      const Node node = node_at(page, i);
      if (page.branch) {
        visit(node.child, depth + 1, seen, body);
        continue;
      }
      if (++seen > entries_) damaged("more keys were found than the ", entries_, " it says it holds");
      body(node.key, value_of(node));
    }
  }

  MappedFile file_;
  std::string_view bytes_;
  std::string name_;
  std::size_t page_ = 4096;
  std::uint64_t depth_ = 0, entries_ = 0, root_ = no_page;
};

} // namespace pleat::inline v0_1
