from django.test import RequestFactory, SimpleTestCase, override_settings
from hypothesis import given
from hypothesis import strategies as st

from core.networks import address_of, network_hash, network_of


def address(remote="10.0.0.1", forwarded=None):
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return address_of(RequestFactory().get("/", REMOTE_ADDR=remote, **headers))


class WithoutProxyTests(SimpleTestCase):
    def test_is_who_is_connected(self):
        self.assertEqual(address("203.0.113.7"), "203.0.113.7")

    def test_a_header_that_anybody_can_send_is_not_believed(self):
        self.assertEqual(address("203.0.113.7", "198.51.100.1"), "203.0.113.7")

    def test_an_ipv4_address_in_ipv6_clothes_is_itself(self):
        self.assertEqual(address("::ffff:203.0.113.7"), "203.0.113.7")

    def test_a_zone_is_no_part_of_it(self):
        self.assertEqual(address("fe80::1%eth0"), "fe80::1")

    def test_a_unix_socket_has_none(self):
        for remote in ("", "unix:", "@"):
            self.assertEqual(address(remote), "")


class BehindProxiesTests(SimpleTestCase):
    def test_each_proxy_adds_one_entry_to_the_right(self):
        forwarded = "198.51.100.66, 203.0.113.7, 10.0.0.2"

        for count, client in ((1, "10.0.0.2"), (2, "203.0.113.7")):
            with override_settings(PROXY_COUNT=count):
                self.assertEqual(address("10.0.0.1", forwarded), client)

    @override_settings(PROXY_COUNT=1)
    def test_what_a_client_sends_along_is_not_believed(self):
        self.assertEqual(
            address("10.0.0.1", "198.51.100.66, 203.0.113.7"), "203.0.113.7"
        )

    @override_settings(PROXY_COUNT=2)
    def test_fewer_entries_than_proxies_leave_who_is_connected(self):
        self.assertEqual(address("203.0.113.7", "198.51.100.66"), "203.0.113.7")
        self.assertEqual(address("203.0.113.7"), "203.0.113.7")

    @override_settings(PROXY_COUNT=1)
    def test_an_entry_that_is_no_address_leaves_who_is_connected(self):
        for forwarded in (
            *("unknown", "_hidden", "", "1.2.3", "203.0.113.9:80,", "[::1", "::1]"),
            *("203.0.113.9:http", "203.0.113.9:", "[::1]80", "[::1]:123456", "[]"),
            *("203.0.113.9:٨٠", '"', '""', "[203.0.113.9", ":80", "%eth0"),
        ):
            self.assertEqual(address("203.0.113.7", forwarded), "203.0.113.7")

    @override_settings(PROXY_COUNT=1)
    def test_an_entry_is_understood_however_the_proxy_writes_it(self):
        for forwarded, client in {
            "203.0.113.9:50001": "203.0.113.9",
            "  203.0.113.9:1\t": "203.0.113.9",
            '"203.0.113.9"': "203.0.113.9",
            '"203.0.113.9:65535"': "203.0.113.9",
            "2001:db8::9": "2001:db8::9",
            "2001:DB8:0:0::0009": "2001:db8::9",
            "[2001:db8::9]": "2001:db8::9",
            "[2001:db8::9]:50001": "2001:db8::9",
            '"[2001:db8::9]:50001"': "2001:db8::9",
            "fe80::9%eth0": "fe80::9",
            "[fe80::9%25eth0]:443": "fe80::9",
            "::ffff:203.0.113.9": "203.0.113.9",
            "[::ffff:203.0.113.9]:50001": "203.0.113.9",
            "198.51.100.1:80, 203.0.113.9:50001": "203.0.113.9",
        }.items():
            with self.subTest(forwarded):
                self.assertEqual(address("10.0.0.1", forwarded), client)

    @override_settings(PROXY_COUNT=1)
    @given(st.text())
    def test_no_header_is_an_error(self, forwarded):
        self.assertIsInstance(address("203.0.113.7", forwarded), str)


class NetworkTests(SimpleTestCase):
    def test_is_the_whole_address_or_what_a_household_gets(self):
        for client, network in {
            "203.0.113.7": "203.0.113.7/32",
            "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
            "": "",
        }.items():
            self.assertEqual(network_of(client), network)

    def test_neighbors_have_one_hash_and_others_another(self):
        same = {network_hash("2001:db8::1"), network_hash("2001:db8::ffff:2")}
        others = {network_hash("2001:db8:0:1::1"), network_hash("203.0.113.7")}

        self.assertEqual(len(same), 1)
        self.assertEqual(len(same | others), 3)

    def test_the_hash_needs_the_sites_key(self):
        before = network_hash("203.0.113.7")

        with override_settings(SECRET_KEY="another"):
            self.assertNotEqual(network_hash("203.0.113.7"), before)

    def test_no_address_has_no_hash(self):
        self.assertEqual(network_hash(""), "")
