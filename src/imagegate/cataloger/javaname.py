"""What a Java archive is called where nothing in it says so: from its manifest, the name of its file, and its classes.

Formats: JAR File Specification, "JAR Manifest" and "Package Versioning"; OSGi Core, "Bundle Manifest Headers"; Maven,
"Naming conventions" (`artifact-version.jar`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from imagegate.text import decode

_LONGEST_SECTION = 64 << 10  # bytes of a manifest's main section
_LONGEST_NAME = 255  # of a file
_VERSION = re.compile(r"\w[\w.+~-]{,99}")
_GROUP = re.compile(r"[a-z][\w-]*(?:\.[\w-]+)+\Z")
_SPLIT = re.compile(r"(.+?)-(v?\d[\w.+~-]*)\Z")
_BUNDLE = re.compile(r"(.+?)_(\d[\w.+~-]*)\Z")  # as Eclipse writes it
# `log4j-1.2-api-2.17.0`: a digit that belongs to the name, unless what follows it is part of a version.
_LATER = re.compile(
    r"-(?!(?:alpha|beta|rc|cr|m|milestone|ea|pre|sp|b|p|build|snapshot|hudson|jenkins|jboss|redhat|incubating)-)[a-z]+-(\d.*)\Z",
    re.IGNORECASE,
)
# A vendor's domain, which is not the group of what it publishes.
_VENDORS = {"org.apache", "com.sun", "com.oracle", "com.google", "com.ibm", "org.eclipse", "net.java", "org.jboss", "com.redhat"}

# Libraries that are published without Maven's own record of them: "artifact@version", a folder of their classes, and
# the group, from their pages on Maven Central.
_COMMONS = (
    "beanutils|chain|cli|codec|collections|configuration|daemon|dbcp|digester|discovery|el|fileupload|httpclient|io|jxpath|lang|"
    "logging|net|pool|validator"
)
_SPRING = (
    "aop|aspects|beans|context|context-indexer|context-support|core|core-test|dao|expression|instrument|jdbc|jms|messaging|"
    "orm|oxm|r2dbc|test|tx|web|webflux|webmvc|webmvc-portlet|websocket"
)
_PUBLISHED = (  # patterns are compiled when a name must be guessed, not at every start
    (rf"spring(-({_SPRING}))?@.+", "org/springframework/", "org.springframework"),
    (r"spring-jcl@.+", "org/apache/commons/logging/", "org.springframework"),
    (r"spring-boot(-.+)?@.+", "org/springframework/boot/", "org.springframework.boot"),
    (r"spring-security-(?!oauth2?@).+", "org/springframework/security/", "org.springframework.security"),
    (r"spring-(amqp|rabbit(-.+)?)@.+", "org/springframework/amqp/", "org.springframework.amqp"),
    (r"spring-(batch|integration|session|data|kafka)(-.+)?@.+", "org/springframework/", r"org.springframework.\1"),
    (r"spring-(ldap|graphql|ws)(-.+)?@.+", "org/springframework/", r"org.springframework.\1"),
    (r"spring-xml@.+", "org/springframework/xml/", "org.springframework.ws"),
    (r"spring-(webflow|binding|js|faces)@.+", "org/springframework/", "org.springframework.webflow"),
    (r"tomcat-embed-.+", "org/apache/", "org.apache.tomcat.embed"),
    (r"tomcat-.+", "org/apache/", "org.apache.tomcat"),
    (r"hibernate-(core|envers|jcache|spatial|hikaricp|c3p0|ehcache|java8)@[0-5].+", "org/hibernate/", "org.hibernate"),
    (r"hibernate-(entitymanager|annotations)@[0-5].+", "org/hibernate/", "org.hibernate"),
    (r"hibernate-(core|envers|jcache|spatial|hikaricp|c3p0)@.+", "org/hibernate/", "org.hibernate.orm"),
    (r"bc(prov|pkix|pg|mail|tls|util|jmail|mls)?-(ext-|debug-)?(jdk|fips).*", "org/bouncycastle/", "org.bouncycastle"),
    (r"mysql-connector-java@.+", "com/mysql/", "mysql"),
    (r"mysql-connector-j@.+", "com/mysql/", "com.mysql"),
    (r"postgresql@([78]\.|9\.[01]\b).*", "org/postgresql/", "postgresql"),
    (r"postgresql@.+", "org/postgresql/", "org.postgresql"),
    (r"h2@.+", "org/h2/", "com.h2database"),
    (r"hsqldb@1.+", "org/hsqldb/", "hsqldb"),
    (r"hsqldb@.+", "org/hsqldb/", "org.hsqldb"),
    (r"derby(\w+)?@.+", "org/apache/derby/", "org.apache.derby"),
    (r"kotlin-.+", "kotlin/", "org.jetbrains.kotlin"),
    (r"okhttp@2.+", "com/squareup/okhttp/", "com.squareup.okhttp"),
    (r"okhttp(-jvm)?@.+", "okhttp3/", "com.squareup.okhttp3"),
    (r"okio(-jvm)?@.+", "okio/", "com.squareup.okio"),
    (r"retrofit@2.+", "retrofit2/", "com.squareup.retrofit2"),
    (r"xercesImpl@.+", "org/apache/xerces/", "xerces"),
    (r"xalan@.+", "org/apache/xalan/", "xalan"),
    (r"groovy(-(?!sandbox).+)?@[123].+", "groovy/", "org.codehaus.groovy"),
    (r"groovy(-(?!sandbox).+)?@.+", "groovy/", "org.apache.groovy"),
    (r"lucene-.+", "org/apache/lucene/", "org.apache.lucene"),
    (r"solr-.+", "org/apache/solr/", "org.apache.solr"),
    (r"elasticsearch(-core|-x-content|-cli|-geo|-secure-sm)?@.+", "org/elasticsearch/", "org.elasticsearch"),
    (r"opensearch(-core|-x-content|-cli|-geo|-secure-sm)?@.+", "org/opensearch/", "org.opensearch"),
    (r"asm(-\w+)?@[0-3].+", "org/objectweb/asm/", "asm"),
    (r"asm(-\w+)?@.+", "org/objectweb/asm/", "org.ow2.asm"),
    (r"antlr@2.+", "antlr/", "antlr"),
    (r"dom4j@1.+", "org/dom4j/", "dom4j"),
    (r"dom4j@.+", "org/dom4j/", "org.dom4j"),
    (r"scala-(library|compiler|reflect|actors)@.+", "scala/", "org.scala-lang"),
    (r"akka-.+", "akka/", "com.typesafe.akka"),
    (r"(kafka-clients|kafka-streams(-.+)?|kafka_.+|connect-.+)@.+", "org/apache/kafka/", "org.apache.kafka"),
    (r"kafka_.+", "kafka/", "org.apache.kafka"),
    (r"grpc-.+", "io/grpc/", "io.grpc"),
    (r"micronaut-.+", "io/micronaut/", "io.micronaut"),
    (r"reactor-core@.+", "reactor/core/", "io.projectreactor"),
    (r"reactor-netty(-.+)?@.+", "reactor/netty/", "io.projectreactor.netty"),
    (r"netty@3.+", "org/jboss/netty/", "org.jboss.netty"),
    (r"netty-.+@4.+", "io/netty/", "io.netty"),
    (r"c3p0@0\.([0-8]|9\.[01])\b.*", "com/mchange/", "c3p0"),
    (r"c3p0@.+", "com/mchange/", "com.mchange"),
    (r"ant(-.+)?@1\.[0-6]\b.*", "org/apache/tools/ant/", "ant"),
    (r"ant(-.+)?@.+", "org/apache/tools/ant/", "org.apache.ant"),
    (r"junit@.+", "junit/framework/", "junit"),
    (rf"(commons-({_COMMONS}))@.+", "org/apache/commons/", r"\1"),
    (r"commons-(text|lang3|compress|collections4|configuration2|email|csv|exec|jxpath|vfs2|jexl3?|math3)@.+",
     "org/apache/commons/", "org.apache.commons"),
    (r"log4j@1.+", "org/apache/log4j/", "log4j"),
    (r"log4j-(?!over).+@2.+", "org/apache/logging/", "org.apache.logging.log4j"),
    (r"struts@1.+", "org/apache/struts/", "struts"),
    (r"struts2-.+", "org/apache/struts2/", "org.apache.struts"),
    (r"axis@1.+", "org/apache/axis/", "axis"),
    (r"batik-.+@1\.[0-6]\b.*", "org/apache/batik/", "batik"),
    (r"(batik-.+|fop|fop-.+|xmlgraphics-commons)@.+", "org/apache/", "org.apache.xmlgraphics"),
    (r"poi(-.+)?@[12]\..+", "org/apache/poi/", "poi"),
    (r"poi(-.+)?@.+", "org/apache/poi/", "org.apache.poi"),
    (r"protobuf-(java|javalite|kotlin)@.+", "com/google/protobuf/", "com.google.protobuf"),
    (r"guava@.+", "com/google/common/", "com.google.guava"),
    (r"jackson-(core|databind|annotations)@2.+", "com/fasterxml/jackson/", "com.fasterxml.jackson.core"),
    (r"jackson-\w+-asl@1.+", "org/codehaus/jackson/", "org.codehaus.jackson"),
    (r"snakeyaml@.+", "org/yaml/snakeyaml/", "org.yaml"),
    (r"xstream@.+", "com/thoughtworks/xstream/", "com.thoughtworks.xstream"),
    (r"velocity@1\.[0-4]\b.*", "org/apache/velocity/", "velocity"),
    (r"velocity@.+", "org/apache/velocity/", "org.apache.velocity"),
    (r"hamcrest(-.+)?@.+", "org/hamcrest/", "org.hamcrest"),
    (r"checker-qual@.+", "org/checkerframework/", "org.checkerframework"),
    (r"jsch@.+", "com/jcraft/jsch/", "com.jcraft"),
    (r"json@20.+", "org/json/", "org.json"),
    (r"bsh@.+", "bsh/", "org.beanshell"),
    (r"jython(-standalone)?@.+", "org/python/", "org.python"),
    (r"jruby(-complete|-core)?@.+", "org/jruby/", "org.jruby"),
    (r"shiro-.+", "org/apache/shiro/", "org.apache.shiro"),
    (r"hazelcast(-all)?@.+", "com/hazelcast/", "com.hazelcast"),
    (r"logback-(classic|core|access)@.+", "ch/qos/logback/", "ch.qos.logback"),
)  # fmt: skip
_TOMCAT = {  # the files of its own distribution carry neither group nor version in their names
    "catalina": ("tomcat-catalina", "tomcat"),  # as the server as a whole is called by advisories
    "catalina-ha": ("tomcat-catalina-ha",),
    "catalina-tribes": ("tomcat-tribes",),
    "catalina-ant": ("tomcat-catalina-ant",),
    "jasper": ("tomcat-jasper",),
    "jasper-el": ("tomcat-jasper-el",),
}


@dataclass(frozen=True, slots=True)
class Guess:
    """Names an archive may go by: the group is "" where it is not known, the version too."""

    group: str
    artifacts: tuple[str, ...]
    version: str


def manifest(data: bytes) -> dict[str, str]:
    """Return the attributes of the main section, by name in lower case; of two with one name the last."""
    text = decode(data[:_LONGEST_SECTION]).replace("\r\n", "\n").replace("\r", "\n")
    main = text.partition("\n\n")[0].replace("\n ", "")  # a longer line goes on after a space
    pairs = (line.partition(":") for line in main.split("\n"))
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def split(stem: str, said: dict[str, str]) -> tuple[str, str]:
    """Return artifact and version of the name of a file, without its ending; the version is "" where there is none."""
    versions = [_version(said.get(key, "")) for key in ("implementation-version", "bundle-version", "plugin-version")]
    for version in versions:
        at = stem.find(f"-{version}") if version else -1
        if at > 0 and stem[at + 1 + len(version) :][:1] in ("", "-"):  # what follows is a classifier
            return stem[:at], version
    parts = (_SPLIT.match(stem) or _BUNDLE.match(stem)) if len(stem) <= _LONGEST_NAME else None
    if parts is None:
        return stem, next((version for version in versions if version), "")
    later = _LATER.search(parts[2])
    if later:
        return stem[: -len(later[1]) - 1], later[1]
    return parts[1], parts[2]


def guess(stem: str, said: dict[str, str], holds: Callable[[bytes], bool]) -> Guess:
    """Return what an archive is most likely called; `holds` tells whether it has files below a folder."""
    artifact, version = split(stem, said)
    if said.get("implementation-title") == "Apache Tomcat" and artifact in _TOMCAT:
        return Guess("org.apache.tomcat", _TOMCAT[artifact], version)
    for pattern, folder, group in _PUBLISHED:
        match = re.fullmatch(pattern, f"{artifact}@{version}")
        if match and holds(folder.encode()):
            return Guess(match.expand(group), (artifact,), version)
    bundle = said.get("bundle-symbolicname", "").partition(";")[0].strip()
    vendor = said.get("implementation-vendor-id", "")
    for group in (bundle.removesuffix(f".{artifact}") if bundle.endswith(f".{artifact}") else "", vendor):
        # What a manifest says of its maker counts where classes of that name are in it.
        if _GROUP.match(group) and group not in _VENDORS and holds(group.replace(".", "/").encode() + b"/"):
            return Guess(group, (artifact,), version)
    return Guess("", (artifact,), version)


def _version(text: str) -> str:
    match = _VERSION.match(text)
    return match[0] if match and any(char.isdigit() for char in match[0]) else ""
