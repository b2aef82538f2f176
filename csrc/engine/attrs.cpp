#include "engine/attrs.h"

#include "base/check.h"

namespace fastcnn {

template <class T>
const T& Attrs::get(const std::string& name, const char* kind) const {
  const auto found = values_.find(name);
  check(found != values_.end(), "attribute '", name, "' is missing");
  const T* value = std::get_if<T>(&found->second);
  check(value != nullptr, "attribute '", name, "' must be ", kind);
  return *value;
}

template const bool& Attrs::get(const std::string&, const char*) const;
template const int64_t& Attrs::get(const std::string&, const char*) const;
template const double& Attrs::get(const std::string&, const char*) const;
template const std::string& Attrs::get(const std::string&, const char*) const;
template const std::vector<int64_t>& Attrs::get(const std::string&, const char*) const;

}  // namespace fastcnn
