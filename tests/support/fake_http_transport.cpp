#include "support/fake_http_transport.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace hatchery::support {

namespace {

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

ports::HttpResponse with_lower_names(ports::HttpResponse response) {
    std::map<std::string, std::string> headers;
    for (auto& [name, value] : response.headers) headers[lower(name)] = std::move(value);
    response.headers = std::move(headers);
    return response;
}

}  // namespace

void FakeHttpTransport::answer_next(ports::HttpResponse response) {
    const std::scoped_lock lock(mutex_);
    script_.emplace_back(std::move(response));
}

void FakeHttpTransport::answer_next(int status, std::string body) {
    answer_next({.status = status,
                 .headers = {{"content-type", "application/json"}},
                 .body = std::move(body)});
}

void FakeHttpTransport::fail_next(base::Error error) {
    const std::scoped_lock lock(mutex_);
    script_.emplace_back(base::fail(std::move(error)));
}

void FakeHttpTransport::answer_otherwise(Answer answer) {
    const std::scoped_lock lock(mutex_);
    otherwise_ = std::move(answer);
}

std::vector<ports::HttpRequest> FakeHttpTransport::requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
}

base::Result<ports::HttpResponse> FakeHttpTransport::send(const ports::HttpRequest& request,
                                                          const base::Call& call) {
    using base::ErrorKind;
    const std::string target = request.method + ' ' + request.url.substr(0, request.url.find('?'));
    if (!request.url.starts_with("http://") && !request.url.starts_with("https://")) {
        return base::fail(ErrorKind::invalid, "an HTTP request needs an http or https URL");
    }
    if (call.stop.stop_requested()) {
        return base::fail(ErrorKind::cancelled, target + " was not sent: a stop was requested");
    }
    if (call.left().count() == 0) {
        return base::fail(ErrorKind::timeout, target + " was not sent: no time was left");
    }
    Answer otherwise;
    base::Result<ports::HttpResponse> result = ports::HttpResponse{.status = 404};
    {
        const std::scoped_lock lock(mutex_);
        requests_.push_back(request);
        otherwise = otherwise_;
        if (!script_.empty()) {
            result = std::move(script_.front());
            script_.pop_front();
            otherwise = nullptr;
        }
    }
    if (otherwise) result = otherwise(request);
    if (!result) return result;
    if (result->body.size() > request.max_response_bytes) {
        base::Error error{.kind = ErrorKind::bad_response, .effect = base::Effect::unknown};
        error.message = target + " was answered by too many bytes";
        return base::fail(std::move(error));
    }
    return with_lower_names(std::move(*result));
}

}  // namespace hatchery::support
