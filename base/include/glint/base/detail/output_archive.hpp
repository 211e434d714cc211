// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cereal/cereal.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <glint/base/detail/byte_writer.hpp>
#include <glint/base/detail/value_layout.hpp>
#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/serializable.hpp>

namespace glint {

namespace detail {
template <class T>
inline constexpr bool is_named_value = false;
template <class T>
inline constexpr bool is_named_value<cereal::NameValuePair<T>> = true;
template <class T>
inline constexpr bool is_base_value = false;
template <class T>
inline constexpr bool is_base_value<cereal::base_class<T>> = true;

/// Throws invalid_argument.
[[noreturn]] void fail_nesting();
[[noreturn]] void fail_valueless_variant();
}  // namespace detail

/// The archive that a class's `serialize` or `save` sees while it is encoded: `archive(a, b, c)`.
///
/// An archive of cereal's that handles containers, aggregates and refs itself, so that classes need no header
/// of cereal's and bytes can be bounded on the way back; what it does not know goes the way of cereal.
/// Thread-compatible.
class output_archive : public cereal::OutputArchive<output_archive> {
 public:
  output_archive() : cereal::OutputArchive<output_archive>(this) {}

  template <class... Values>
  output_archive& operator()(Values&&... values) {
    (write(values), ...);
    return *this;
  }
  template <class Value>
  output_archive& operator&(Value&& value) {
    return (*this)(value);
  }
  template <class Value>
  output_archive& operator<<(Value&& value) {
    return (*this)(value);
  }

  [[nodiscard]] detail::byte_writer& bytes() noexcept { return bytes_; }
  [[nodiscard]] std::vector<intrusive_ptr<ref_counted>>& refs() noexcept { return refs_; }

 private:
  template <class T>
  void write(const T& value) {
    if constexpr (std::is_array_v<T>)
      write_array(value, std::extent_v<T>);
    else if constexpr (detail::is_named_value<T>)
      write(value.value);
    else if constexpr (detail::is_base_value<T>)
      write(*value.base_ptr);
    else if constexpr (serializable<T>)
      write_value(value);
    else if constexpr (std::is_class_v<T> && !is_local_only<T> &&
                       cereal::traits::is_output_serializable<T, output_archive>::value)
      write_by_cereal(value);
    else
      static_assert(require_serializable<T>());
  }

  /// In the order of the rules in serializable.hpp.
  template <class T>
  void write_value(const T& value) {
    using namespace detail;
    if constexpr (scalar_value<T>)
      write_plain(value);
    else if constexpr (ref_traits<T>::is_ref)
      write_ref(ref_traits<T>::counted(value));
    else if constexpr (cereal_style<T>)
      write_by_cereal(value);
    else if constexpr (is_unique_ptr<T>)
      write_optional(value, value != nullptr);
    else if constexpr (known_container<T>)
      write_container(value);
    else if constexpr (pfr_aggregate<T>)
      write_aggregate(value);
    else
      write_plain(value);
  }

  template <class T>
  void write_plain(T value) {
    detail::clear_padding(value);
    bytes_.write(&value, sizeof value);
  }

  template <class T>
  void write_array(const T* elements, std::size_t count) {
    if constexpr (detail::is_bulk<T>())
      bytes_.write(elements, count * sizeof(T));
    else
      for (std::size_t i = 0; i < count; ++i) write(elements[i]);
  }

  template <class T>
  void write_aggregate(const T& value) {
    if constexpr (detail::is_bulk<T>())
      bytes_.write(&value, sizeof value);
    else if constexpr (!std::is_empty_v<T>)
      detail::for_each_field(value, [this](const auto& field) { write(field); });
  }

  template <class C>
  void write_container(const C& value) {
    using namespace detail;
    const nesting_scope deeper = enter();
    if constexpr (sequence_container<C> || associative_container<C>)
      write_elements(value);
    else if constexpr (optional_value<C>)
      write_optional(value, value.has_value());
    else if constexpr (is_variant<C>)
      write_variant(value);
    else if constexpr (is_std_array<C>)
      write_array(value.data(), value.size());
    else
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        using std::get;
        (write(get<I>(value)), ...);
      }
    (std::make_index_sequence<std::tuple_size<C>::value>{});
  }

  /// A count, and then at least so many bytes: the reader can hold the count against what it has.
  template <class C>
  void write_elements(const C& elements) {
    const auto count = static_cast<std::size_t>(elements.size());
    bytes_.write_count(count);
    if constexpr (detail::bulk_sequence<C>) {
      bytes_.write(elements.data(), count * sizeof(typename C::value_type));
    } else {
      const std::size_t begin = bytes_.size();
      for (const auto& element : elements) write_element<C>(element);
      const std::size_t used = bytes_.size() - begin;
      if (used < count) bytes_.write_zeros(count - used);
    }
  }

  /// The element's type is named, as std::vector<bool> gives something else.
  template <class C>
  void write_element(const typename C::value_type& element) {
    if constexpr (detail::map_container<C>) {
      write(element.first);
      write(element.second);
    } else {
      write(element);
    }
  }

  template <class T>
  void write_optional(const T& value, bool present) {
    const detail::nesting_scope deeper = enter();
    write_plain(present);
    if (present) write(*value);
  }

  template <class... Alternatives>
  void write_variant(const std::variant<Alternatives...>& value) {
    if (value.valueless_by_exception()) detail::fail_valueless_variant();
    bytes_.write_count(value.index());
    std::visit([this](const auto& alternative) { write(alternative); }, value);
  }

  /// Zero for an empty ref, else the index in `refs()` plus one.
  void write_ref(intrusive_ptr<ref_counted> object) {
    if (!object) return bytes_.write_count(0);
    refs_.push_back(std::move(object));
    bytes_.write_count(refs_.size());
  }

  template <class T>
  void write_by_cereal(const T& value) {
    const detail::nesting_scope deeper = enter();
    cereal::OutputArchive<output_archive>::operator()(value);
  }

  detail::nesting_scope enter() {
    if (depth_ == detail::nesting_max) detail::fail_nesting();
    return detail::nesting_scope(depth_);
  }

  detail::byte_writer bytes_;
  std::vector<intrusive_ptr<ref_counted>> refs_;
  int depth_ = 0;
};

/// What functions of cereal's own pass to an archive.
template <class T>
requires std::is_arithmetic_v<T>
void CEREAL_SAVE_FUNCTION_NAME(output_archive& archive, const T& value) {
  archive(value);
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(output_archive& archive, const cereal::NameValuePair<T>& named) {
  archive(named.value);
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(output_archive& archive, const cereal::SizeTag<T>& tag) {
  archive.bytes().write_count(static_cast<std::uint64_t>(tag.size));
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(output_archive& archive, const cereal::BinaryData<T>& data) {
  archive.bytes().write(data.data, static_cast<std::size_t>(data.size));
}

}  // namespace glint
