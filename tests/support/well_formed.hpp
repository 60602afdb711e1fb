#pragma once
// Whether a page of HTML is well formed.

#include <string>
#include <vector>

namespace contract {

// Every element is closed in the right order; void elements are known.
inline bool well_formed(const std::string& html) {
  std::vector<std::string> open;
  std::size_t at = html.find("<html");
  while ((at = html.find('<', at)) != std::string::npos) {
    std::size_t end = html.find('>', at);
    if (end == std::string::npos) return false;
    std::string tag = html.substr(at + 1, end - at - 1);
    at = end;
    if (tag.starts_with("meta") || tag.ends_with("/")) continue;
    if (tag[0] != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
      continue;
    }
    if (open.empty() || open.back() != tag.substr(1)) return false;
    open.pop_back();
  }
  return open.empty();
}

} // namespace contract
