// SPDX-License-Identifier: Apache-2.0
// Values are read back into default-made ones.
#include <glint/base/serialization.hpp>

#include <string>

#include "wrong.hpp"

class label {
 public:
  label() = WRONG(default, delete);
  template <class Archive>
  void serialize(Archive& archive) {
    archive(text_);
  }

 private:
  std::string text_;
};

glint::result<label> decode_label(const glint::encoded& from) {
  return glint::decode<label>(from);
}
