// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <iostream>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <glint/gpu/backends.hpp>

#include "slab_handle_text.hpp"

// Another process, for slab_handle_test.cpp: an emulated device that does what the lines of its standard input say, and
// answers each with one line.
//
//   reserve <bytes> <value>   a slab full of the value; answers its handle
//   release                   gives it back
//   open <handle>             "opened", or "error <code>: <text>"
//   close
//   fill <value> <bytes>      what was opened, or else reserved
//   read <bytes>              the value that all of it has, or "mixed"
namespace {

using namespace glint::gpu;

template <class T>
T must(glint::result<T> r) {
  if (!r) {
    std::fprintf(stderr, "%s\n", r.error().describe().c_str());
    std::_Exit(2);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}

class other_process {
 public:
  std::string answer(const std::string& command, std::istream& rest) {
    if (command == "reserve") {
      rest >> bytes_;
      slab_ = must(device_->reserve(bytes_));
      fill(rest, bytes_);
      return text_of(must(device_->export_slab(slab_)));
    }
    if (command == "release") {
      device_->unreserve(slab_, bytes_);
      return "released";
    }
    if (command == "open") {
      std::string handle;
      rest >> handle;
      auto opened = device_->open_slab(handle_of(handle));
      if (!opened) return "error " + opened.error().describe();
      opened_ = *opened;
      return "opened";
    }
    if (command == "close") {
      device_->close_slab(std::exchange(opened_, nullptr));
      return "closed";
    }
    std::size_t bytes = 0;
    if (command == "read") {
      rest >> bytes;
      return read(bytes);
    }
    fill(rest, 0);
    return "filled";
  }

 private:
  [[nodiscard]] void* memory() const { return opened_ ? opened_ : slab_; }
  void finish() {
    std::promise<void> done;
    must(stream_->enqueue([&] { done.set_value(); }));
    done.get_future().wait();
  }
  void fill(std::istream& rest, std::size_t bytes) {
    unsigned value = 0;
    rest >> value;
    if (bytes == 0) rest >> bytes;
    must(stream_->fill(memory(), static_cast<std::byte>(value), bytes));
    finish();
  }
  std::string read(std::size_t bytes) {
    std::vector<std::byte> seen(bytes);
    must(stream_->copy(seen.data(), memory(), bytes));
    finish();
    for (const std::byte b : seen) {
      if (b != seen.front()) return "mixed";
    }
    return std::to_string(std::to_integer<unsigned>(seen.front()));
  }

  glint::intrusive_ptr<device> device_ = must(make_emulated_device({.index = 7, .capacity_bytes = 1 << 20}));
  std::unique_ptr<native_stream> stream_ = must(device_->create_stream());
  void* slab_ = nullptr;
  void* opened_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace

int main() {
  other_process process;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    std::cout << process.answer(command, words) << std::endl;  // flushed: somebody waits
  }
}
