#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace fastcnn {

// The settings of one operation, by name. Reading a missing one, or one of another type, throws
// std::invalid_argument naming it.
class Attrs {
 public:
  using Value = std::variant<bool, int64_t, double, std::string, std::vector<int64_t>>;

  void set(const std::string& name, Value value) { values_[name] = std::move(value); }

  bool boolean(const std::string& name) const { return get<bool>(name, "a bool"); }
  int64_t integer(const std::string& name) const { return get<int64_t>(name, "an integer"); }
  double real(const std::string& name) const { return get<double>(name, "a float"); }
  const std::string& text(const std::string& name) const { return get<std::string>(name, "a str"); }
  const std::vector<int64_t>& integers(const std::string& name) const {
    return get<std::vector<int64_t>>(name, "a list of integers");
  }

 private:
  template <class T>
  const T& get(const std::string& name, const char* kind) const;

  std::map<std::string, Value> values_;
};

}  // namespace fastcnn
