// SPDX-License-Identifier: Apache-2.0
#include <glint/base/error.hpp>

#include <utility>
#include <vector>

#include <glint/base/exception.hpp>
#include <glint/base/ids.hpp>
#include <glint/base/type_name.hpp>

namespace glint {

namespace {

/// Causes that the destructor further up the stack of this thread will let go of.
thread_local std::vector<std::shared_ptr<const error>>* letting_go = nullptr;

error_origin origin_at(std::source_location place) {
  return {.subject = {}, .node = detail::node_index.load(std::memory_order_relaxed), .place = place};
}

}  // namespace

struct error::state {
  /// Lets causes go one after another: a chain of 100,000 dependents must not need as many stack frames.
  ~state() {
    if (!cause) return;
    if (letting_go) {
      letting_go->push_back(std::move(cause));
      return;
    }
    std::vector<std::shared_ptr<const error>> causes;
    letting_go = &causes;
    causes.push_back(std::move(cause));
    while (!causes.empty()) {
      const std::shared_ptr<const error> next = std::move(causes.back());
      causes.pop_back();
    }
    letting_go = nullptr;
  }

  errc code;
  std::string message;
  error_origin origin;
  std::shared_ptr<const error> cause;
  std::exception_ptr exception;
  std::string exception_type;
};

std::string_view to_string(errc code) noexcept {
  switch (code) {
    case errc::invalid_argument:
      return "invalid_argument";
    case errc::invalid_configuration:
      return "invalid_configuration";
    case errc::not_running:
      return "not_running";
    case errc::already_running:
      return "already_running";
    case errc::empty_ref:
      return "empty_ref";
    case errc::duplicate_ref:
      return "duplicate_ref";
    case errc::user_exception:
      return "user_exception";
    case errc::dependency_failed:
      return "dependency_failed";
    case errc::actor_failed:
      return "actor_failed";
    case errc::actor_stopped:
      return "actor_stopped";
    case errc::not_copyable:
      return "not_copyable";
    case errc::infeasible:
      return "infeasible";
    case errc::shutdown:
      return "shutdown";
    case errc::timeout:
      return "timeout";
    case errc::actor_unavailable:
      return "actor_unavailable";
    case errc::pending_calls_exceeded:
      return "pending_calls_exceeded";
    case errc::name_taken:
      return "name_taken";
    case errc::deadlock:
      return "deadlock";
    case errc::cancelled:
      return "cancelled";
    case errc::out_of_memory:
      return "out_of_memory";
    case errc::kernel_failed:
      return "kernel_failed";
    case errc::device_lost:
      return "device_lost";
    case errc::device_error:
      return "device_error";
    case errc::no_device:
      return "no_device";
    case errc::malformed_data:
      return "malformed_data";
    case errc::io_error:
      return "io_error";
  }
  return "unknown";
}

error::error(errc code, std::string message, std::source_location place)
    : state_(std::make_shared<const state>(state{code, std::move(message), origin_at(place), {}, {}, {}})) {}

errc error::code() const noexcept {
  return state_->code;
}
const std::string& error::message() const noexcept {
  return state_->message;
}
const error_origin& error::origin() const noexcept {
  return state_->origin;
}
const error* error::cause() const noexcept {
  return state_->cause.get();
}
const std::exception_ptr& error::exception() const noexcept {
  return state_->exception;
}
const std::string& error::exception_type() const noexcept {
  return state_->exception_type;
}

const error& error::root_cause() const noexcept {
  const error* e = this;
  while (e->cause()) e = e->cause();
  return *e;
}

error error::with_subject(std::string subject) const {
  auto next = std::make_shared<state>(*state_);
  next->origin.subject = std::move(subject);
  return error(std::shared_ptr<const state>(std::move(next)));
}

error error::with_message(std::string message) const {
  auto next = std::make_shared<state>(*state_);
  next->message = std::move(message);
  return error(std::shared_ptr<const state>(std::move(next)));
}

error error::with_cause(error cause) const {
  auto next = std::make_shared<state>(*state_);
  next->cause = std::make_shared<const error>(std::move(cause));
  return error(std::shared_ptr<const state>(std::move(next)));
}

error error::with_exception(std::exception_ptr exception) const {
  auto next = std::make_shared<state>(*state_);
  next->exception = std::move(exception);
  try {
    std::rethrow_exception(next->exception);
  } catch (const std::exception& e) {
    next->exception_type = demangle(typeid(e).name());
  } catch (...) {
    next->exception_type = "(not derived from std::exception)";
  }
  return error(std::shared_ptr<const state>(std::move(next)));
}

std::string error::describe() const {
  std::string text;
  for (const error* e = this; e; e = e->cause()) {
    if (!text.empty()) text += " <- ";
    text += to_string(e->code());
    if (!e->subject().empty()) text += ": " + e->subject();
    if (!e->message().empty()) text += ": " + e->message();
  }
  return text;
}

error error_from_exception(std::exception_ptr exception, std::string subject, std::source_location place) {
  try {
    std::rethrow_exception(exception);
  } catch (const glint::exception& e) {
    return error(errc::user_exception, "threw the error of another call", place)
        .with_subject(std::move(subject))
        .with_exception(exception)
        .with_cause(e.error());
  } catch (const std::exception& e) {
    return error(errc::user_exception, e.what(), place).with_subject(std::move(subject)).with_exception(exception);
  } catch (...) {
    return error(errc::user_exception, "threw something that is not a std::exception", place)
        .with_subject(std::move(subject))
        .with_exception(exception);
  }
}

void throw_error(const error& e) {
  const std::exception_ptr& users = e.root_cause().exception();
  if (!users) throw exception(e);
  try {
    std::rethrow_exception(users);
  } catch (...) {
    throw user_exception(e);
  }
}

}  // namespace glint
