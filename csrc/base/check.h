#pragma once
#include <sstream>
#include <stdexcept>
#include <string>

namespace fastcnn {

template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

// Throws std::invalid_argument (ValueError in Python) with the parts as text unless `ok`.
template <class... Parts>
void check(bool ok, const Parts&... parts) {
  if (!ok) throw std::invalid_argument(concat(parts...));
}

}  // namespace fastcnn
