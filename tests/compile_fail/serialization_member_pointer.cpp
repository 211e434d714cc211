// SPDX-License-Identifier: Apache-2.0
// A serialize member passes on what cannot travel.
#include <glint/base/serialization.hpp>

#include "wrong.hpp"

class buffer {
 public:
  template <class Archive>
  void serialize(Archive& archive) {
    archive(WRONG(size_, data_));
  }

 private:
  int size_ = 0;
  int* data_ = nullptr;
};

glint::encoded encode_buffer(const buffer& b) {
  return glint::encode(b);
}
