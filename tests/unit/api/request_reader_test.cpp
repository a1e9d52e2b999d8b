#include "api/front/request_reader.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace hatchery::api::front;

namespace {

/// What a reader says of these bytes when they come in pieces of this size: a line for each step
/// that is more than a wish for bytes.
std::vector<std::string> said_of(const std::string& bytes, std::size_t piece) {
    const FrontOptions options;
    const auto reader = make_request_reader(options);
    std::vector<std::string> said;
    for (std::size_t at = 0;;) {
        auto step = reader->next();
        if (const auto* request = std::get_if<std::shared_ptr<Request>>(&step)) {
            said.push_back((*request)->method + " " + (*request)->target + " " + (*request)->body);
        } else if (const auto* refusal = std::get_if<HeadRefusal>(&step)) {
            said.push_back(std::to_string(refusal->status));
            return said;
        } else if (const auto* announced = std::get_if<RequestReader::Announced>(&step)) {
            said.push_back("body " + std::to_string(announced->body_bytes));
        } else if (std::holds_alternative<RequestReader::NeedsContinue>(step)) {
            said.emplace_back("continue");
        } else {
            if (at == bytes.size()) return said;
            const auto room = reader->room();
            REQUIRE_FALSE(room.empty());
            const auto count = std::min({piece, bytes.size() - at, room.size()});
            std::copy_n(bytes.data() + at, count, room.data());
            reader->filled(count);
            at += count;
        }
    }
}

const std::string plain = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string sized = "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
const std::string chunked =
    "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3;name=value\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: t\r\n\r\n";

}  // namespace

TEST_CASE("requests come out of their bytes whatever the pieces they come in") {
    const std::vector<std::string> expected{"body 0",        "GET /a ",      "body 5",
                                            "POST /b hello", "body 1048576", "POST /c hello",
                                            "body 0",        "GET /a "};
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 50U, 4096U, 100'000U}) {
        CAPTURE(piece);
        CHECK(said_of(plain + sized + chunked + plain, piece) == expected);
    }
}

TEST_CASE("a last chunk that is the first may come byte by byte, with and without a trailer") {
    const std::string head = "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::vector<std::string> expected{"body 1048576", "POST /c ", "body 0", "GET /a "};
    for (const std::string body :
         {"0\r\n\r\n", "0\r\nTrailer: t\r\n\r\n", "00\r\n\r\n", "0;name=value\r\n\r\n"}) {
        for (const std::size_t piece : {1U, 2U, 3U, 4U, 4096U}) {
            CAPTURE(body, piece);
            CHECK(said_of(head + body + plain, piece) == expected);
        }
    }
    // Four bytes that look like it are a body of four bytes.
    const std::string four =
        "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n" + std::string("0\r\nT");
    CHECK(said_of(four, 1) == std::vector<std::string>{"body 4", "POST /b 0\r\nT"});
}

TEST_CASE("broken framing is refused whatever the pieces it comes in") {
    const std::string head = "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::string body : {"zz\r\n", "3\nabc\r\n", "3\r\nabcd\r\n0\r\n\r\n",
                                   "3;\"\n\"\r\nabc\r\n", "fffffffffffffffff\r\n"}) {
        for (const std::size_t piece : {1U, 5U, 4096U}) {
            CAPTURE(body, piece);
            CHECK(said_of(head + body, piece) == std::vector<std::string>{"body 1048576", "400"});
        }
    }
    // A chunk's header without an end, and chunks that are too much together.
    CHECK(said_of(head + "3;" + std::string(200'000, 'a'), 4096).back() == "400");
    std::string many = head;
    for (int i = 0; i < 20; ++i) many += "10000\r\n" + std::string(65'536, 'a') + "\r\n";
    CHECK(said_of(many, 4096).back() == "413");
}

TEST_CASE("who waits to be told to go on is told once, before its body") {
    const std::string head =
        "POST /b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    CHECK(said_of(head, 4096) == std::vector<std::string>{"body 5", "continue"});
    const std::vector<std::string> whole{"body 5", "continue", "POST /b hello"};
    CHECK(said_of(head + "hello", 1) == whole);
    // Who sends the body at once waits for nothing.
    CHECK(said_of(head + "hello", 4096) == std::vector<std::string>{"body 5", "POST /b hello"});
}

TEST_CASE("room for a body is no larger than what was announced") {
    const FrontOptions options;
    const auto reader = make_request_reader(options);
    const std::string head = "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n";
    std::copy(head.begin(), head.end(), reader->room().data());
    reader->filled(head.size());
    REQUIRE(std::holds_alternative<RequestReader::Announced>(reader->next()));
    REQUIRE(std::holds_alternative<RequestReader::NeedsBytes>(reader->next()));
    CHECK(reader->room().size() <= 512);
}
