#include "crypto/key_ring.hpp"

#include <string>
#include <thread>
#include <vector>

#include "base/encoding.hpp"
#include "crypto/digest.hpp"
#include "support/catch.hpp"

namespace hatchery::crypto {

namespace {

using base::ErrorKind;
using base::Secret;

Secret key_of(char c) { return Secret(base::base64_encode(std::string(32, c))); }

std::unique_ptr<ports::SecretBox> box_of(std::vector<Secret> keys) {
    return make_secret_box(keys).value();
}

const std::string row = "bots.telegram_token:0193";

}  // namespace

TEST_CASE("a sealed secret opens under the same binding, and sealing twice differs") {
    const auto box = box_of({key_of('k')});
    for (const std::string& text : {std::string{}, std::string("123:token"), std::string("a\0b", 3),
                                    std::string(5000, 'z')}) {
        const auto first = box->seal(Secret(text), row);
        const auto second = box->seal(Secret(text), row);
        CHECK(first.text != second.text);
        CHECK(box->open(first, row).value().reveal() == text);
        CHECK(first.text.find("token") == std::string::npos);
    }
}

TEST_CASE("the key id is the first 8 hex digits of the key's SHA-256") {
    CHECK(box_of({key_of('k')})->seal(Secret("x"), row).key_id ==
          sha256_hex(std::string(32, 'k')).substr(0, 8));
}

TEST_CASE("a sealed secret moved to another row does not open") {
    const auto box = box_of({key_of('k')});
    const auto opened = box->open(box->seal(Secret("x"), row), "bots.telegram_token:0194");
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().kind == ErrorKind::internal);
}

TEST_CASE("a change of any byte of the sealed text is noticed") {
    const auto box = box_of({key_of('k')});
    const auto sealed = box->seal(Secret("hello"), row);
    const std::string raw = base::base64_decode(sealed.text).value();
    for (std::size_t i = 0; i < raw.size(); ++i) {
        std::string changed = raw;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK_FALSE(box->open({sealed.key_id, base::base64_encode(changed)}, row).has_value());
    }
    for (const std::string& text : {std::string{}, std::string("!!"), std::string("AAAA"),
                                    base::base64_encode(raw.substr(0, raw.size() - 1))}) {
        const auto opened = box->open({sealed.key_id, text}, row);
        REQUIRE_FALSE(opened.has_value());
        CHECK(opened.error().kind == ErrorKind::internal);
    }
}

TEST_CASE("the first key of the ring seals and every key opens") {
    const auto old_box = box_of({key_of('o')});
    const auto sealed = old_box->seal(Secret("x"), row);
    const auto both = box_of({key_of('n'), key_of('o')});
    CHECK(both->open(sealed, row).value().reveal() == "x");
    CHECK(both->seal(Secret("x"), row).key_id != sealed.key_id);

    const auto without = box_of({key_of('n')})->open(sealed, row);
    REQUIRE_FALSE(without.has_value());
    CHECK(without.error().kind == ErrorKind::internal);
    CHECK(without.error().message.find(sealed.key_id) != std::string::npos);
    CHECK(without.error().next_action.find("HATCHERY_MASTER_KEY") != std::string::npos);
}

TEST_CASE("it opens test case 16 of the GCM specification") {
    const auto bytes = [](const char* hex) { return base::hex_decode(hex).value(); };
    const std::string key =
        bytes("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    const auto box = box_of({Secret(base::base64_encode(key))});
    const std::string text = bytes(
        "cafebabefacedbaddecaf888"
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b");
    const auto opened = box->open({sha256_hex(key).substr(0, 8), base::base64_encode(text)},
                                  bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2"));
    CHECK(opened.value().reveal() ==
          bytes("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"));
}

TEST_CASE("malformed master keys are refused by name and place, without showing them") {
    struct Case {
        std::vector<Secret> keys;
        std::string says;
    };
    const Case cases[] = {
        {{}, "not set"},
        {{Secret("")}, "key 1 has 0 bytes"},
        {{Secret("not-base64!SECRET")}, "key 1 is not base64"},
        {{Secret(base::base64_encode(std::string(31, 'S')))}, "key 1 has 31 bytes"},
        {{key_of('k'), Secret(base::base64_encode(std::string(33, 'S')))}, "key 2 has 33 bytes"},
    };
    for (const Case& one : cases) {
        const auto box = make_secret_box(one.keys);
        REQUIRE_FALSE(box.has_value());
        CHECK(box.error().kind == ErrorKind::invalid);
        CHECK(box.error().message.find("HATCHERY_MASTER_KEY") != std::string::npos);
        CHECK(box.error().message.find(one.says) != std::string::npos);
        CHECK(box.error().message.find("SECRET") == std::string::npos);
    }
}

TEST_CASE("a fresh master key makes a ring, and no two are equal") {
    CHECK(make_secret_box(std::vector{make_master_key()}).has_value());
    CHECK(make_master_key().reveal() != make_master_key().reveal());
}

TEST_CASE("several threads may seal and open at once") {
    const auto box = box_of({key_of('k')});
    std::vector<int> wrong(4, 0);
    {
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < wrong.size(); ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < 500; ++i) {
                    const std::string text = std::to_string(t) + "/" + std::to_string(i);
                    const auto opened = box->open(box->seal(Secret(text), row), row);
                    if (!opened || opened->reveal() != text) ++wrong[t];
                }
            });
        }
    }
    CHECK(wrong == std::vector<int>(4, 0));
}

}  // namespace hatchery::crypto
