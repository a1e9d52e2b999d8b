#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <variant>

#include "api/front/front.hpp"
#include "api/front/request.hpp"
#include "api/front/request_head.hpp"

namespace hatchery::api::front {

/// Makes requests of the bytes of one connection, within the front's sizes: bytes go in as they
/// come, requests come out one after the other. Knows neither socket nor time. Not thread-safe.
class RequestReader {
public:
    /// Nothing can be said before more bytes have come; there is room for them.
    struct NeedsBytes {};
    /// A head is here and allowed, with a body of that many bytes at most. Who asks for the next
    /// step takes it on.
    struct Announced {
        std::size_t body_bytes = 0;
    };
    /// The client wants to hear `100 Continue` before it sends the body.
    struct NeedsContinue {};
    /// A whole request comes without its `remote_address` and `listener`, and its `request_id` is
    /// the client's or empty. After a refusal nothing more can be read.
    using Step =
        std::variant<NeedsBytes, Announced, NeedsContinue, std::shared_ptr<Request>, HeadRefusal>;

    virtual ~RequestReader() = default;
    [[nodiscard]] virtual Step next() = 0;

    /// Where bytes may be put, then told by `filled`; until then nothing else may be called. Empty
    /// when it holds as much as it keeps.
    [[nodiscard]] virtual std::span<char> room() = 0;
    virtual void filled(std::size_t count) = 0;

    /// Whether a part of a request has come.
    [[nodiscard]] virtual bool in_request() const = 0;
    /// Whether it holds no bytes.
    [[nodiscard]] virtual bool is_empty() const = 0;
    /// Drops what it holds, and the memory for it.
    virtual void forget() = 0;
};

/// The options must outlive the reader.
[[nodiscard]] std::unique_ptr<RequestReader> make_request_reader(const FrontOptions& options);

}  // namespace hatchery::api::front
