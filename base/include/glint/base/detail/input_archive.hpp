// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cereal/cereal.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include <glint/base/detail/byte_reader.hpp>
#include <glint/base/detail/output_archive.hpp>

namespace glint {

/// The archive that a class's `serialize` or `load` sees while it is decoded: the mirror of output_archive.
/// Bytes are not trusted: what they say is bounded by their number, else glint::exception (malformed_data) is
/// thrown through the class's function. Thread-compatible; borrows bytes and refs.
class input_archive : public cereal::InputArchive<input_archive> {
 public:
  input_archive(std::span<const std::byte> bytes, std::span<const intrusive_ptr<ref_counted>> refs)
      : cereal::InputArchive<input_archive>(this), bytes_(bytes), refs_(refs) {}

  template <class... Values>
  input_archive& operator()(Values&&... values) {
    (read(values), ...);
    return *this;
  }
  template <class Value>
  input_archive& operator&(Value&& value) {
    return (*this)(value);
  }
  template <class Value>
  input_archive& operator>>(Value&& value) {
    return (*this)(value);
  }

  /// Reads into a value made here.
  template <class T>
  [[nodiscard]] T read_value() {
    if constexpr (ref_traits<T>::is_ref) {
      return ref_traits<T>::from_counted(next_ref());
    } else if constexpr (std::default_initializable<T>) {
      T value{};
      read(value);
      return value;
    } else if constexpr (detail::is_std_array<T>) {
      return make_parts<T, typename T::value_type>(std::make_index_sequence<std::tuple_size_v<T>>{});
    } else if constexpr (detail::tuple_value<T>) {
      return make_tuple_value<T>(std::make_index_sequence<std::tuple_size_v<T>>{});
    } else {
      std::array<std::byte, sizeof(T)> copy;
      bytes_.read(copy.data(), copy.size());
      return std::bit_cast<T>(copy);
    }
  }

  [[nodiscard]] detail::byte_reader& bytes() noexcept { return bytes_; }
  /// Refs that nothing has asked for yet.
  [[nodiscard]] std::size_t refs_left() const noexcept { return refs_.size() - refs_taken_; }

 private:
  template <class T>
  void read(T& value) {
    if constexpr (std::is_array_v<T>)
      read_array(value, std::extent_v<T>);
    else if constexpr (detail::is_named_value<T>)
      read(value.value);
    else if constexpr (detail::is_base_value<T>)
      read(*value.base_ptr);
    else if constexpr (serializable<T>)
      read_into(value);
    else if constexpr (std::is_class_v<T> && !is_local_only<T> &&
                       cereal::traits::is_input_serializable<T, input_archive>::value)
      read_by_cereal(value);
    else
      static_assert(require_serializable<T>());
  }

  template <class T>
  void read_into(T& value) {
    using namespace detail;
    static_assert(!std::is_const_v<T>, "glint: a const value cannot be read back");
    if constexpr (scalar_value<T>)
      read_plain(value);
    else if constexpr (ref_traits<T>::is_ref)
      value = ref_traits<T>::from_counted(next_ref());
    else if constexpr (cereal_style<T>)
      read_by_cereal(value);
    else if constexpr (is_unique_ptr<T>)
      read_unique_ptr(value);
    else if constexpr (known_container<T>)
      read_container(value);
    else if constexpr (pfr_aggregate<T>)
      read_aggregate(value);
    else
      read_plain(value);
  }

  template <class T>
  void read_plain(T& value) {
    if constexpr (detail::is_two_valued<T>())
      value = static_cast<T>(read_bool());
    else
      bytes_.read(&value, sizeof value);
  }

  bool read_bool() {
    std::uint8_t byte = 0;
    bytes_.read(&byte, 1);
    if (byte > 1) bytes_.fail("a bool is neither 0 nor 1");
    return byte == 1;
  }

  template <class T>
  void read_array(T* elements, std::size_t count) {
    if constexpr (detail::is_bulk<T>())
      bytes_.read(elements, count * sizeof(T));
    else
      for (std::size_t i = 0; i < count; ++i) read(elements[i]);
  }

  template <class T>
  void read_aggregate(T& value) {
    if constexpr (detail::is_bulk<T>())
      bytes_.read(&value, sizeof value);
    else if constexpr (!std::is_empty_v<T>)
      detail::for_each_field(value, [this](auto& field) { read(field); });
  }

  template <class C>
  void read_container(C& value) {
    using namespace detail;
    const nesting_scope deeper = enter();
    if constexpr (bulk_sequence<C>)
      read_bulk(value);
    else if constexpr (sequence_container<C> || associative_container<C>)
      read_elements(value);
    else if constexpr (optional_value<C>)
      read_optional(value);
    else if constexpr (is_variant<C>)
      read_variant(value);
    else if constexpr (is_std_array<C>)
      read_array(value.data(), value.size());
    else
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        using std::get;
        (read(get<I>(value)), ...);
      }
    (std::make_index_sequence<std::tuple_size<C>::value>{});
  }

  template <class C>
  void read_bulk(C& value) {
    using element = typename C::value_type;
    const std::size_t count = bytes_.read_bounded_count(sizeof(element));
    value.resize(count);
    bytes_.read(value.data(), count * sizeof(element));
  }

  /// Memory grows with the elements that were really there, never by what the count says alone.
  template <class C>
  void read_elements(C& value) {
    value.clear();
    const std::size_t count = bytes_.read_bounded_count(1);
    const std::size_t begin = bytes_.position();
    if constexpr (requires { value.reserve(count); })
      value.reserve(std::min(count, bytes_.remaining() / sizeof(typename C::value_type)));
    for (std::size_t i = 0; i < count; ++i) read_element(value);
    const std::size_t used = bytes_.position() - begin;
    if (used < count) bytes_.skip(count - used);
  }

  template <class C>
  void read_element(C& value) {
    if constexpr (detail::map_container<C>) {
      auto key = read_value<typename C::key_type>();
      insert(value, typename C::value_type(std::move(key), read_value<typename C::mapped_type>()));
    } else if constexpr (detail::associative_container<C> && !detail::sequence_container<C>) {
      insert(value, read_value<typename C::value_type>());
    } else {
      value.push_back(read_value<typename C::value_type>());
    }
  }

  template <class C>
  void insert(C& container, typename C::value_type&& element) {
    if constexpr (requires {
                    { container.insert(std::move(element)).second } -> std::convertible_to<bool>;
                  }) {
      if (!container.insert(std::move(element)).second) bytes_.fail("a key is there twice");
    } else {
      container.insert(std::move(element));
    }
  }

  template <class T>
  void read_optional(T& value) {
    const detail::nesting_scope deeper = enter();
    if (read_bool())
      value.emplace(read_value<typename T::value_type>());
    else
      value.reset();
  }

  template <class T>
  void read_unique_ptr(std::unique_ptr<T>& value) {
    using object = std::remove_const_t<T>;
    const detail::nesting_scope deeper = enter();
    if (!read_bool()) return value.reset();
    if constexpr (std::default_initializable<object>) {
      auto made = std::make_unique<object>();
      read(*made);
      value = std::move(made);
    } else {
      value = std::make_unique<object>(read_value<object>());
    }
  }

  template <class... Alternatives>
  void read_variant(std::variant<Alternatives...>& value) {
    const std::uint64_t index = bytes_.read_count();
    if (index >= sizeof...(Alternatives))
      bytes_.fail("a variant of " + std::to_string(sizeof...(Alternatives)) + " holds alternative " +
                  std::to_string(index));
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      static_cast<void>(((I == index && (read_alternative<I>(value), true)) || ...));
    }
    (std::index_sequence_for<Alternatives...>{});
  }

  template <std::size_t I, class Variant>
  void read_alternative(Variant& value) {
    value.template emplace<I>(read_value<std::variant_alternative_t<I, Variant>>());
  }

  template <class Array, class Element, std::size_t... I>
  Array make_parts(std::index_sequence<I...>) {
    return Array{(static_cast<void>(I), read_value<Element>())...};
  }
  template <class Tuple, std::size_t... I>
  Tuple make_tuple_value(std::index_sequence<I...>) {
    return Tuple{read_value<std::tuple_element_t<I, Tuple>>()...};
  }

  /// Indices come in the order of the refs: one that does not was not written by encode.
  intrusive_ptr<ref_counted> next_ref() {
    const std::uint64_t index = bytes_.read_count();
    if (index == 0) return nullptr;
    if (refs_taken_ == refs_.size() || index != refs_taken_ + 1)
      bytes_.fail("ref " + std::to_string(index) + " stands where ref " + std::to_string(refs_taken_ + 1) + " of " +
                  std::to_string(refs_.size()) + " should");
    return refs_[refs_taken_++];
  }

  template <class T>
  void read_by_cereal(T& value) {
    const detail::nesting_scope deeper = enter();
    cereal::InputArchive<input_archive>::operator()(value);
  }

  detail::nesting_scope enter() {
    if (depth_ == detail::nesting_max) bytes_.fail("values nest deeper than " + std::to_string(detail::nesting_max));
    return detail::nesting_scope(depth_);
  }

  detail::byte_reader bytes_;
  std::span<const intrusive_ptr<ref_counted>> refs_;
  std::size_t refs_taken_ = 0;
  int depth_ = 0;
};

/// What functions of cereal's own ask of an archive.
template <class T>
requires std::is_arithmetic_v<T>
void CEREAL_LOAD_FUNCTION_NAME(input_archive& archive, T& value) {
  archive(value);
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(input_archive& archive, cereal::NameValuePair<T>& named) {
  archive(named.value);
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(input_archive& archive, cereal::SizeTag<T>& tag) {
  tag.size = static_cast<std::remove_reference_t<T>>(archive.bytes().read_bounded_count(1));
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(input_archive& archive, cereal::BinaryData<T>& data) {
  archive.bytes().read(data.data, static_cast<std::size_t>(data.size));
}

}  // namespace glint

CEREAL_SETUP_ARCHIVE_TRAITS(glint::input_archive, glint::output_archive)
